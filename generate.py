"""The table of contents: builds the seven stacks in the order of their deployment, and writes them to ``out/``."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import NamedTuple

# Building allocates much and frees nothing before the end: the collector would only look (a third of the time).
gc.disable()

from retail.config import Config, ConfigError  # noqa: E402 - after the line above, which speeds up the imports
from retail.stack import Stack  # noqa: E402
from templates import analytics, application, data, events, ingress, networking, security  # noqa: E402


def platform(config: Config) -> list[Stack]:
    """The seven stacks; each takes what earlier ones hand over."""
    stack_1, network = networking.build(config)
    stack_2, secure = security.build(config, network)
    stack_3, front = ingress.build(config, network, secure)
    stack_4, shop = application.build(config, network, secure, front)
    stack_5, stores = data.build(config, network, secure)
    stack_6, bus = events.build(config, network, secure, stores)
    stack_7 = analytics.build(config, network, secure, front, shop, stores, bus)
    return [stack_1, stack_2, stack_3, stack_4, stack_5, stack_6, stack_7]


class UsageError(Exception):
    """What was asked cannot be done; the message says why and what to ask instead."""


def chosen(stacks: list[Stack], only: str | None) -> list[Stack]:
    """All stacks, or the one that is called ``data``, ``05`` or ``05-data``."""
    if only is None:
        return stacks
    for stack in stacks:
        if only in (stack.name, f"{stack.number:02d}", stack.file_name.removesuffix(".yaml")):
            return [stack]
    raise UsageError(f"--only {only}: no such stack; give one of {', '.join(stack.name for stack in stacks)}")


def write(path: Path, text: str) -> None:
    """Replace a file as a whole, so that nobody ever reads half of it."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_text(text, encoding="utf-8", newline="\n")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def difference(path: Path, text: str) -> str:
    """What would change in a file, as a unified diff."""
    from difflib import unified_diff  # only here: a run that writes has no use for it

    lines = unified_diff(read(path).splitlines(True), text.splitlines(True), str(path), "as generated")
    return "".join(lines)


def read(path: Path) -> str:
    """What a file holds now; nothing if it is not there yet."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


class Options(NamedTuple):
    """What the command line asks for."""

    only: str | None = None
    out: Path = Path(__file__).with_name("out")
    check: bool = False


def asked(arguments: list[str]) -> Options:
    """Read the command line. argparse takes longer to import than a stack to build, so most runs do without it."""
    if not arguments:
        return Options()
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="generate.py", description=__doc__)
    parser.add_argument("--only", metavar="STACK", help="one stack: its name, its number, or both, such as 05-data")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Options().out)
    parser.add_argument("--check", action="store_true", help="write nothing; show what is stale and exit with 1")
    return Options(**vars(parser.parse_args(arguments)))


def main(arguments: list[str]) -> int:
    """Write what has changed (exit 0), or with ``--check`` show it (exit 1 if there is any); exit 2 on bad input."""
    options = asked(arguments)
    try:
        stacks = chosen(platform(Config()), options.only)
        rendered = {options.out / stack.file_name: stack.render() for stack in stacks}
        stale = {path: text for path, text in rendered.items() if read(path) != text}
        if options.check:
            for path, text in stale.items():
                sys.stdout.write(difference(path, text))
            return 1 if stale else 0
        options.out.mkdir(parents=True, exist_ok=True)
        for path, text in stale.items():
            write(path, text)
            print(f"wrote {path.name}")
        return 0
    except (UsageError, ConfigError) as error:
        problem = str(error)
    except OSError as error:
        problem = f"--out {options.out}: {error.strerror}; give a directory that you may write to"
    print(f"generate.py: {problem}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Every file is written and closed: freeing a hundred thousand objects one by one would take as long as building.
    os._exit(status)
