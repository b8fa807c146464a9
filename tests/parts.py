"""Real parts for any test, one of each for the whole run: database, cache and AWS, on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from retail.local import cache as valkey
from retail.local import emulator as ministack
from retail.local import postgres as database

if TYPE_CHECKING:
    from retail.runtime.database import Target


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


@pytest.fixture
def client(aws: ministack.Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A client of a service of the emulator, which whatever reads the environment finds as well."""
    import boto3

    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    return lambda service: boto3.session.Session().client(service)


@pytest.fixture
def bucket(client: Callable[[str], Any]) -> str:
    """A lake with nothing in it."""
    name = f"lake-{uuid4()}"
    client("s3").create_bucket(Bucket=name)
    return name


def own_database(postgres: database.Postgres, name: str) -> Target:
    """A new database with the shop's schema, for the tests of one folder."""
    from retail.runtime.database import Target, connect
    from retail.storefront.migrate import migrate

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGSSLROOTCERT", str(postgres.certificate))
        first = Target(postgres.writer.host, postgres.writer.port, postgres.database)
        with connect(first, postgres.user, postgres.password, statement_timeout_ms=30_000) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        own = Target(postgres.writer.host, postgres.writer.port, name)
        migrate(own, postgres.user, postgres.password)
    return own
