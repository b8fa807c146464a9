"""Every process that one run starts, and the end of them all, whatever becomes of the launcher.

python -m retail.local.platform.family STATE        # waits until its standard input ends, then ends the family

Processes know the run they belong to by a variable of their environment, which whatever they start inherits. So those
of a run that was killed are found too, and nobody else's are touched.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from retail.local.processes import REPOSITORY, python

MARK = "RETAIL_LOCAL_STATE"
PATIENCE_SECONDS = 2.0


def environment(state: Path) -> dict[str, str]:
    """What marks a process as one of the run with this state."""
    return {MARK: str(state.resolve())}


def members(state: Path) -> list[int]:
    """The ids of the running processes of the run. The launcher, who takes the mark only later, is none of them."""
    marked = f"{MARK}={state.resolve()}".encode()
    return [pid for pid, variables in _environments() if marked in variables.split(b"\0")]


def _environments() -> Iterator[tuple[int, bytes]]:
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile, or another user's
            yield int(directory.name), (directory / "environ").read_bytes()


def end(state: Path) -> int:
    """End what is left of a run; returns how many processes there were."""
    found = members(state)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in members(state):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while members(state) and time.monotonic() < deadline:
            time.sleep(0.05)
    return len(found)


@contextmanager
def guarded(state: Path) -> Iterator[None]:
    """Let nothing of the run outlive this block, even if this process is killed within it."""
    with subprocess.Popen(
        python("retail.local.platform.family", state.resolve()),
        stdin=subprocess.PIPE,
        cwd=REPOSITORY,
        start_new_session=True,
        # The guard is not one of those that it ends.
        env={name: value for name, value in os.environ.items() if name != MARK},
    ):
        try:
            yield
        finally:
            end(state)


if __name__ == "__main__":
    sys.stdin.read()
    end(Path(sys.argv[1]))
