"""The Dockerfile carried out without Docker: its own lines, in a directory for each stage, with the paths mapped to it.

What a directory cannot show is only noted: accounts, the user, volumes and ports.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "retail" / "storefront" / "Dockerfile"
IGNORED = DOCKERFILE.with_name("Dockerfile.dockerignore")

MAPPED = re.compile(r"(?<![\w.~-])/(?=(?:app|tmp)(?:[/:\s\"']|$))")
"""The root of the paths in an image that are the image's own."""

ACCOUNTS = "#!/bin/sh\necho ${0##*/} $* >> %s\n"


class BuildError(Exception):
    """A RUN that fails; the text is what it said."""


@dataclass
class Stage:
    """What the lines since a FROM have come to."""

    root: Path
    environment: dict[str, str]
    workdir: str = "/"
    noted: dict[str, list[str]] = field(default_factory=dict)

    def mapped(self, text: str) -> str:
        """A text with the image's own paths below the stage's root."""
        return MAPPED.sub(f"{self.root}/", text)

    def command(self, name: str) -> list[str]:
        """The words of the last CMD or HEALTHCHECK."""
        words: list[str] = json.loads(self.noted[name][-1].partition("CMD ")[2] or self.noted[name][-1])
        return [self.mapped(word) for word in words]


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions, each with the rest of its line."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = re.sub(r"\s*\\\n\s*", " ", lines)
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines()) if word]


def build(directory: Path, python: str) -> Stage:
    """Carry the Dockerfile out with this interpreter; returns its last stage. Raises BuildError."""
    tools = directory / "tools"
    tools.mkdir()
    (tools / "python").symlink_to(python)
    for name in ("groupadd", "useradd"):
        (tools / name).write_text(ACCOUNTS % (directory / "accounts"))
        (tools / name).chmod(0o755)
    path = f"{tools}:/usr/local/bin:/usr/bin:/bin"
    stages: dict[str, Stage] = {}
    stage = Stage(directory, {})
    for word, rest in instructions(DOCKERFILE.read_text()):
        if word == "FROM":
            stage = Stage(directory / f"stage-{len(stages)}", {"PATH": path})
            (stage.root / "tmp").mkdir(parents=True)
            stages[rest.partition(" AS ")[2] or "last"] = stage
        elif word == "COPY":
            _copy(stage, rest, stages)
        elif word == "RUN":
            _run(stage, rest)
        elif word == "ENV":
            for name, value in re.findall(r"(\w+)=(\S+)", rest):
                stage.environment[name] = stage.mapped(value).replace("$PATH", path)
        elif word == "WORKDIR":
            stage.workdir = stage.mapped(rest)
        else:
            stage.noted.setdefault(word, []).append(rest)
    for other in stages.values():
        if other is not stage:
            shutil.rmtree(other.root)
    if (directory / "accounts").exists():
        stage.noted["accounts"] = (directory / "accounts").read_text().splitlines()
    return stage


def _run(stage: Stage, line: str) -> None:
    # pip finds its index as everywhere on this machine.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    ended = subprocess.run(
        ["sh", "-c", stage.mapped(line)], env=kept | stage.environment, cwd=stage.root, capture_output=True, text=True
    )
    if ended.returncode:
        raise BuildError(f"{line}\n{ended.stdout}{ended.stderr}")


def _copy(stage: Stage, line: str, stages: dict[str, Stage]) -> None:
    source, target = line.split()[-2:]
    named = re.match(r"--from=(\w+) ", line)
    origin = Path(stages[named[1]].mapped(source)) if named else ROOT / source
    if not named and not _is_sent(source):
        raise BuildError(f"{line}\n{source} is not in the build's context")
    goal = Path(stage.mapped(target))
    goal.parent.mkdir(parents=True, exist_ok=True)
    if origin.is_dir():
        patterns = [line.removeprefix("**/") for line in _ignore_lines() if line.startswith("**/")]
        skipped = None if named else shutil.ignore_patterns(*patterns)
        shutil.copytree(origin, goal, symlinks=True, ignore=skipped, dirs_exist_ok=True)
    else:
        shutil.copy2(origin, goal)


def _ignore_lines() -> list[str]:
    return IGNORED.read_text().split()


def _is_sent(source: str) -> bool:
    """Whether the last line of the ignore file that matches a source, or a folder above it, lets it in."""
    is_sent = True
    for line in _ignore_lines():
        pattern = line.removeprefix("!")
        if any(fnmatch.fnmatch(str(path), pattern) for path in (Path(source), *Path(source).parents)):
            is_sent = line.startswith("!")
    return is_sent
