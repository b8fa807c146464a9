"""The functions' parts, and the messages they are given."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from retail.contracts import settings
from retail.local.cache import Cache as LocalCache
from retail.local.postgres import Postgres
from retail.runtime import cache, functions
from retail.runtime.database import Connection, Session, Target, connect
from retail.runtime.logging import JsonFormatter

DATABASE = "functions"


@pytest.fixture(scope="session")
def target(postgres: Postgres) -> Target:
    """A database of these tests' own, with the shop's schema."""
    from retail.storefront.migrate import migrate

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGSSLROOTCERT", str(postgres.certificate))
        shop = Target(postgres.writer.host, postgres.writer.port, postgres.database)
        with connect(shop, postgres.user, postgres.password, statement_timeout_ms=30_000) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        own = Target(postgres.writer.host, postgres.writer.port, DATABASE)
        migrate(own, postgres.user, postgres.password)
    return own


@pytest.fixture(autouse=True)
def _trust(monkeypatch: pytest.MonkeyPatch, postgres: Postgres, shop_cache: LocalCache) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", str(postgres.certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(shop_cache.certificate))


@pytest.fixture
def connection(target: Target, postgres: Postgres) -> Iterator[Connection]:
    """A connection of the test's own, to a shop with nothing in it."""
    with connect(target, postgres.user, postgres.password, statement_timeout_ms=30_000) as opened:
        opened.execute("TRUNCATE products, stock, orders, order_lines, processed_events")
        yield opened


@pytest.fixture
def secret_arn(client: Callable[[str], Any], postgres: Postgres) -> str:
    """The database secret."""
    text = json.dumps({"username": postgres.user, "password": postgres.password})
    arn: str = client("secretsmanager").create_secret(Name=f"database-{uuid4()}", SecretString=text)["ARN"]
    return arn


@pytest.fixture
def told(target: Target, bucket: str, secret_arn: str) -> dict[str, Any]:
    """The settings of a function with a database."""
    return {
        "database_host": target.host,
        "database_port": str(target.port),
        "database_name": target.name,
        "database_secret_arn": secret_arn,
        "lake_bucket": bucket,
    }


@pytest.fixture
def session(told: dict[str, Any], client: Callable[[str], Any], connection: Connection) -> Iterator[Session]:
    """A function's session with the database."""
    opened = functions.session(settings.OrderProcessor(**told), client("secretsmanager"))
    yield opened
    opened.run(psycopg.Connection.close)


@pytest.fixture
def shop(shop_cache: LocalCache) -> cache.Cache:
    """The cache as the inventory handler has it, but with time to answer on a busy machine."""
    login = cache.password(shop_cache.user, shop_cache.password)
    return cache.Cache(lambda: cache.connect(shop_cache.host, shop_cache.port, login, seconds=30))


@dataclass(frozen=True)
class Logs:
    """What was logged since the test began."""

    stream: io.StringIO

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def messages(self) -> list[str]:
        return [line["message"] for line in self.lines]


@pytest.fixture
def logs() -> Iterator[Logs]:
    """The log, as CloudWatch would get it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter({}))
    ours = [logging.getLogger(name) for name in ("lambdas", "retail")]
    for logger in ours:
        logger.addHandler(handler)
        logger.setLevel("INFO")
    yield Logs(stream)
    for logger in ours:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Fills in a function's environment, and puts back the logging that a function takes over."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def fill(told: settings.Settings) -> None:
        for name, value in told.variables().items():
            monkeypatch.setenv(name, value)

    yield fill
    root.handlers[:], root.level = handlers, level
