"""Real parts for any test, one of each for the whole run: database, cache and AWS, on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from retail.local import cache as valkey
from retail.local import emulator as ministack
from retail.local import postgres as database


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[database.Postgres]:
    """PostgreSQL, a writer and a hot standby. Whoever stops the writer starts it again."""
    with database.postgres(tmp_path_factory.mktemp("postgres"), reader=True) as running:
        yield running


@pytest.fixture(scope="session")
def shop_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[valkey.Cache]:
    """Valkey as a cluster behind TLS. Whoever stops it starts it again."""
    with valkey.cache(tmp_path_factory.mktemp("cache")) as running:
        yield running


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ministack.Emulator]:
    """The emulator; what a test makes in it stays there, so a test names its things for itself."""
    with ministack.emulator(state=tmp_path_factory.mktemp("aws")) as running:
        yield running
