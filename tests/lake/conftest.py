"""A lake that the job has curated, in which lie two stories: what is odd in May, and a fortnight in September."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest

from retail.local.history import History
from tests.emitted import ROOT
from tests.lake import corners
from tests.lake.counting import Told, told


@dataclass(frozen=True)
class Lake:
    """A folder with raw and curated events, and when it is asked."""

    root: Path
    now: datetime
    also: tuple[datetime, ...] = ()

    @cached_property
    def told(self) -> Told:
        """What its raw files tell."""
        return told(self.root)

    @property
    def moments(self) -> tuple[datetime, ...]:
        """All the moments at which it is asked."""
        return self.also or (self.now,)


@pytest.fixture(scope="session")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake's folder. The job takes its time to start, so that it runs once for all of pytest's workers."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    lake, curated = folder / "lake", folder / "lake-is-curated"
    with (folder / "lake.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not curated.exists():
            corners.write(lake)
            past = History(orders=2_000)
            past.write(lake)
            past.write_late(lake)
            job = [sys.executable, "-m", "retail.jobs.curate", "--lake", str(lake)]
            done = subprocess.run(job, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            curated.touch()
    return lake


@pytest.fixture(scope="session")
def fortnight(curated: Path) -> Lake:
    """Two thousand orders of the first half of September with all their faults, asked about in the evenings."""
    evenings = tuple(datetime(2026, 9, day, 18, 30, tzinfo=UTC) for day in range(4, 16))
    return Lake(curated, evenings[6], evenings)


@pytest.fixture(scope="session")
def corner(curated: Path) -> Lake:
    """A few orders that lie where a query may go wrong; what happened in September is yet to come."""
    return Lake(curated, corners.NOW)


@pytest.fixture(params=["fortnight", "corner"])
def lake(request: pytest.FixtureRequest) -> Lake:
    """Each of the two."""
    found: Lake = request.getfixturevalue(request.param)
    return found
