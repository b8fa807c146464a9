"""The smaller parts: schema, endpoints, carts, the hot connection."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import NoCredentialsError
from redis.credentials import CredentialProvider

from retail.contracts import parameters
from retail.runtime import cache
from retail.runtime.database import Target, connect
from retail.storefront import discovery
from retail.storefront import hot as hots
from retail.storefront.carts import KEPT, MAX_LINES, CartFullError, CartLine, Carts
from retail.storefront.hot import HotReader
from tests.storefront.conftest import CARTS, PATH, World, wait_until

MIGRATION_LOCK = 5_241_905_116


def test_migrations_may_run_twice_and_side_by_side(world: World, boto: Callable[..., Any]) -> None:
    name = f"m{uuid4().hex}"
    world.writer.execute(f"CREATE DATABASE {name}")
    path = f"/retail/{name}"
    for key, value in (world.parameters | {parameters.DATABASE_NAME: name}).items():
        boto("ssm").put_parameter(Name=f"{path}/{key}", Value=value, Type="String")
    told = {
        "PARAMETERS_PATH": path,
        "MODEL_ID": "model",
        "PORT": "1",
        "DATABASE_USERNAME": world.postgres.user,
        "DATABASE_PASSWORD": world.postgres.password,
    }
    command = [sys.executable, "-m", "retail.storefront.migrate"]
    target = Target(world.postgres.writer.host, world.postgres.writer.port, name)
    with connect(target, world.postgres.user, world.postgres.password, statement_timeout_ms=60_000) as other:
        # As if another run had begun before: all of them wait for it.
        other.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        runs = [
            subprocess.Popen(
                command, env=os.environ | told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            for _ in range(4)
        ]
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event = 'advisory'"
        wait_until(lambda: world.one(waiting, name) == len(runs))
    ended = [(run.communicate(timeout=60)[0], run.returncode) for run in runs]
    assert [code for _, code in ended] == [0] * 4, ended
    assert subprocess.run(command, env=os.environ | told, capture_output=True, timeout=60).returncode == 0
    with connect(target, world.postgres.user, world.postgres.password, statement_timeout_ms=60_000) as made:
        assert made.execute("SELECT version_num FROM alembic_version").fetchall() == [("0003",)]
        assert made.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_the_endpoints_are_those_below_the_path(world: World) -> None:
    found = discovery.find(world.clients.ssm, PATH)
    assert found == discovery.find(world.clients.ssm, f"{PATH}/")
    assert (found.writer, found.cache_port) == (world.endpoints.writer, world.cache.port)
    with pytest.raises(discovery.NotThereYetError, match=parameters.WRITER_HOST):
        discovery.find(world.clients.ssm, f"{PATH}/nowhere")


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_a_cart_is_forgotten_a_month_after_its_last_change(world: World) -> None:
    clock, cart_id = Clock(), str(uuid4())
    kept = Carts(world.clients.dynamodb, CARTS, clock)
    kept.put(cart_id, "MUG-1", 2)
    clock.now += KEPT - timedelta(seconds=1)
    assert kept.get(cart_id) == (CartLine(sku="MUG-1", quantity=2),)
    clock.now += timedelta(seconds=1)
    assert kept.get(cart_id) == ()


def test_a_full_cart_takes_no_more_products_but_more_of_what_it_has(world: World) -> None:
    kept, cart_id = Carts(world.clients.dynamodb, CARTS), str(uuid4())
    for number in range(MAX_LINES):
        kept.put(cart_id, f"MUG-{number}", 1)
    with pytest.raises(CartFullError):
        kept.put(cart_id, "ONE-MORE", 1)
    kept.put(cart_id, "MUG-0", 3)
    kept.clear(cart_id)
    assert kept.get(cart_id) == ()


def test_of_pieces_that_are_added_at_once_none_is_lost(world: World) -> None:
    kept, cart_id = Carts(world.clients.dynamodb, CARTS), str(uuid4())
    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(kept.add, cart_id, "MUG-1", 2) for _ in range(6)]:
            done.result()
    assert kept.get(cart_id) == (CartLine(sku="MUG-1", quantity=12),)
    kept.add(cart_id, "MUG-1", 99)
    assert kept.get(cart_id) == (CartLine(sku="MUG-1", quantity=99),)


def test_a_line_that_has_expired_is_begun_anew(world: World) -> None:
    clock, cart_id = Clock(), str(uuid4())
    kept = Carts(world.clients.dynamodb, CARTS, clock)
    kept.add(cart_id, "MUG-1", 2)
    clock.now += KEPT
    kept.add(cart_id, "MUG-1", 3)
    assert kept.get(cart_id) == (CartLine(sku="MUG-1", quantity=3),)


def test_what_is_put_in_while_an_order_is_placed_stays_in_the_cart(world: World) -> None:
    kept, cart_id = Carts(world.clients.dynamodb, CARTS), str(uuid4())
    for sku in ("ORDERED", "CHANGED"):
        kept.put(cart_id, sku, 1)
    ordered = kept.get(cart_id)
    kept.put(cart_id, "CHANGED", 2)
    kept.put(cart_id, "NEW", 1)
    kept.take(cart_id, ordered)
    assert kept.get(cart_id) == (CartLine(sku="CHANGED", quantity=2), CartLine(sku="NEW", quantity=1))


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    """Wait for something that happens in the same event loop."""
    async with asyncio.timeout(60):
        while not await is_so():
            await asyncio.sleep(0.02)


def refusal(world: World, key: str, login: CredentialProvider, caplog: pytest.LogCaptureFixture) -> str:
    """Why no hot connection is made with this login; until it is said and after it, a read is a miss."""

    def said() -> list[str]:
        told = "no hot connection to the cache"
        return [vars(record)["error"] for record in caplog.records if record.message == told]

    async def read() -> None:
        hot = HotReader(world.cache.host, world.cache.port, login)

        async def is_refused() -> bool:
            assert await hot.get(key) is None
            return bool(said())

        await until(is_refused)
        assert await hot.get(key) is None

    asyncio.run(read())
    return said()[0]


@pytest.fixture
def kept(world: World) -> cache.Cache:
    """The cluster's own client."""
    login = world.login(world.endpoints)
    return cache.Cache(lambda: cache.connect(world.cache.host, world.cache.port, login))


def test_each_hot_read_gets_the_value_of_its_own_key(world: World, kept: cache.Cache) -> None:
    values = {f"hot:{{{number}}}": f"value\r\n{number}".encode() * 5_000 for number in range(20)}
    for key, value in values.items():
        assert kept.add(key, value, 300)

    async def read() -> list[bytes | None]:
        hot = HotReader(world.cache.host, world.cache.port, world.login(world.endpoints))
        assert await hot.get("hot:{0}") is None, "nobody waits for the connection"
        await until(lambda: hot.get("hot:{0}"))
        found = await asyncio.gather(*(hot.get(key) for key in [*values, "hot:{none}"]))
        hot.close()
        assert await hot.get("hot:{0}") is None
        return found

    assert asyncio.run(read()) == [*values.values(), None]


def test_a_hot_read_without_login_is_a_miss(world: World, kept: cache.Cache, caplog: pytest.LogCaptureFixture) -> None:
    assert kept.add("hot:{login}", b"1", 300)
    wrong = cache.password(world.cache.user, "wrong")
    assert refusal(world, "hot:{login}", wrong, caplog) == "LoginError: refused"


def test_a_login_that_cannot_be_signed_is_a_miss_and_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    class Unsigned(CredentialProvider):
        def get_credentials(self) -> tuple[str, str]:
            raise NoCredentialsError

    assert refusal(world, "hot:{unsigned}", Unsigned(), caplog).startswith("NoCredentialsError: ")


def answering(answer: bytes) -> list[bytes | None]:
    """What two reads find whose answers are these bytes, by a protocol without a network. Raises TimeoutError."""
    from retail.storefront.hot import Connection

    class Transport:
        def write(self, data: bytes) -> None:
            connection.data_received(answer)

        def abort(self) -> None:
            pass

    async def read() -> list[bytes | None]:
        nonlocal connection
        connection = Connection()
        connection.connection_made(Transport())
        async with asyncio.timeout(30):
            return list(await asyncio.gather(connection.get("a"), connection.get("b")))

    connection: Any = None
    return asyncio.run(read())


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"$1\r\nx\r\n$-1\r\n", [b"x", None]),
        (b"-MOVED 3999 other:6379\r\n$1\r\ny\r\n", [None, b"y"]),
        (b"$0\r\n\r\n$2\r\nzz\r\n", [b"", b"zz"]),
        (b"*1\r\n$1\r\nx\r\n", [None, None]),
    ],
)
def test_what_is_no_value_is_a_miss_and_takes_no_time(
    answer: bytes, found: list[bytes | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever waited for more than came would wait for that long.
    monkeypatch.setattr(hots, "ANSWER_SECONDS", 3600)
    assert answering(answer) == found


@pytest.mark.parametrize("answer", [b"$5\r\nab", b""])
def test_an_answer_that_does_not_come_in_time_is_a_miss(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hots, "ANSWER_SECONDS", cache.ANSWER_SECONDS)
    assert answering(answer) == [None, None]
