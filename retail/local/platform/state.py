"""The folder of a run: whose it is, and what lies where in it.

Each start is a fresh one: the emulator keeps everything in memory, so database and lake begin anew with it. Only the
packaged code is kept, which is the same for the same sources.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from retail.local.platform import family
from retail.ops.cli import InputError


@dataclass(frozen=True, slots=True)
class State:
    """The folder, and the places in it."""

    folder: Path

    @property
    def run(self) -> Path:
        """What this start makes, and the next throws away."""
        return self.folder / "run"

    @property
    def aws(self) -> Path:
        """What the emulator writes."""
        return self.run / "aws"

    @property
    def logs(self) -> Path:
        """What the processes say."""
        return self.run / "logs"

    @property
    def code(self) -> Path:
        """The functions' and the job's packages for this machine, which are kept."""
        return self.folder / "build"


@contextmanager
def taken(folder: Path) -> Iterator[State]:
    """The folder, empty and of this process alone. Raises InputError if another run has it or it cannot be emptied."""
    state = State(folder.resolve())
    try:
        state.folder.mkdir(parents=True, exist_ok=True)
        lock = (state.folder / "lock").open("a+")
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}; run make local-clean, or give another with --state") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise InputError(
                f"{folder} is in use by process {lock.read().strip() or '?'}: stop that one first"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        _empty(state, folder)
        yield state


def _empty(state: State, folder: Path) -> None:
    """End and remove what a run that was killed has left."""
    family.end(state.folder)
    try:
        if state.run.exists():
            for path in state.run.rglob("*/"):
                path.chmod(0o700)  # a function's unpacked code cannot be written to
            shutil.rmtree(state.run)
        state.logs.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder} holds another run's data ({error.strerror}): run make local-clean") from None
