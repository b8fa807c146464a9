"""The schema's changes, on a database that is in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, exc
from sqlalchemy.pool import NullPool

from retail.local.postgres import Postgres
from retail.runtime.database import Connection, Target, connect
from retail.storefront import migrate

Migrate = Callable[[], None]
BEFORE = "0001"
"""The revision before processed_events knew what an event left."""

OLD_NOTE = "INSERT INTO processed_events (event_id, consumer) VALUES (%s, 'inventory')"
"""How a function notes an event that was packaged before."""


@pytest.fixture
def used(connection: Connection, target: Target, postgres: Postgres) -> Iterator[tuple[Connection, Migrate]]:
    """A database of the revision before, and what brings it up to date."""
    own = Target(target.host, target.port, f"m{uuid4().hex}")
    connection.execute(f"CREATE DATABASE {own.name}")
    login = (postgres.user, postgres.password)
    opened = partial(connect, own, *login, statement_timeout_ms=20_000)
    engine = create_engine(
        "postgresql+psycopg://", creator=opened, poolclass=NullPool, isolation_level="READ COMMITTED"
    )
    with engine.connect() as first:
        config = Config(Path(migrate.__file__).with_name("alembic.ini"))
        config.attributes["connection"] = first
        command.upgrade(config, BEFORE)
    with opened() as shop:
        yield shop, partial(migrate.migrate, own, *login)


def test_what_was_processed_before_stays_and_functions_of_before_go_on(used: tuple[Connection, Migrate]) -> None:
    shop, bring_up_to_date = used
    shop.execute(OLD_NOTE, [uuid4()])
    bring_up_to_date()
    shop.execute(OLD_NOTE, [uuid4()])
    assert shop.execute("SELECT consumer, stock_after FROM processed_events").fetchall() == [("inventory", None)] * 2


def test_a_table_that_is_in_use_is_not_waited_for_so_that_others_need_not_wait(
    used: tuple[Connection, Migrate],
) -> None:
    shop, bring_up_to_date = used
    with shop.transaction():
        shop.execute(OLD_NOTE, [uuid4()])
        with pytest.raises(exc.OperationalError, match="lock timeout"):
            bring_up_to_date()
    assert shop.execute("SELECT version_num FROM alembic_version").fetchall() == [(BEFORE,)]
    bring_up_to_date()
    assert shop.execute("SELECT stock_after FROM processed_events").fetchall() == [(None,)]
