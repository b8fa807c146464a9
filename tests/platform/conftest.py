"""One running platform for the tests that only use it, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser import chromium
from tests.platform.program import Program, running

__all__ = ["chromium"]


@pytest.fixture(scope="package")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The platform from the emitted templates, in a folder as people name theirs. Whoever breaks something mends it."""
    with running(tmp_path_factory.mktemp("platform") / "the state") as started:
        yield started
