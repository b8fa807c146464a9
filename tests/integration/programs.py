"""Running the project's programs as their users do: as processes, in a directory that holds out/."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.emitted import OUT, ROOT

TOOLS = Path(sys.executable).parent
"""Where the AWS CLI is installed, beside this Python."""


def run(
    program: str, *arguments: str, directory: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """`python -m <program> <arguments>`; of the caller's environment it sees only what is passed."""
    return subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=directory,
        env={"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)} | dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def make(
    target: str, directory: Path, environment: Mapping[str, str], **assigned: str
) -> subprocess.CompletedProcess[str]:
    """`make <target> NAME=value ...`, as the README has it."""
    return subprocess.run(
        ["make", target, *(f"{name}={value}" for name, value in assigned.items())],
        cwd=directory,
        env={"PATH": os.environ["PATH"]} | dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def checkout(directory: Path) -> Path:
    """A directory to run in that holds all that is here, unchanged, but nothing built."""
    directory.mkdir()
    for path in ROOT.iterdir():
        if path.name not in ("build", ".git"):
            (directory / path.name).symlink_to(path)
    return directory


def with_environment(directory: Path, environment: str, text: str) -> Path:
    """A checkout whose one environment's file is this."""
    here = checkout(directory)
    (here / "environments").unlink()
    (here / "environments").mkdir()
    (here / "environments" / f"{environment}.yaml").write_text(text)
    return here


def broken_checkout(directory: Path, template: str, *changes: tuple[str, str]) -> Path:
    """The same with the text of one template changed, at each first place where it stands."""
    (directory / "out").mkdir(parents=True)
    for path in OUT.glob("*.yaml"):
        (directory / "out" / path.name).symlink_to(path)
    text = (OUT / template).read_text()
    for old, new in changes:
        assert old in text, f"{template} no longer holds {old!r}"
        text = text.replace(old, new, 1)
    (directory / "out" / template).unlink()
    (directory / "out" / template).write_text(text)
    return directory
