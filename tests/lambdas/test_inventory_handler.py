from __future__ import annotations

import io
import json
import logging
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from lambdas.inventory_handler import handler
from retail.contracts import settings
from retail.local.cache import Cache as LocalCache
from retail.runtime import cache, functions
from retail.runtime.database import Connection, Session
from tests.embedded import asked, measured
from tests.emitted import ROOT
from tests.lambdas.conftest import Logs
from tests.lambdas.messages import DAY, Context, archived, batch, envelope, failed, noon, plenty, reserved, until
from tests.test_names import physical_name

Process = Callable[..., dict[str, Any]]
MUG, TEA = "MUG-1", "TEA-7"


@pytest.fixture
def inventory(told: dict[str, Any], shop_cache: LocalCache) -> settings.InventoryHandler:
    return settings.InventoryHandler(
        **told,
        cache_host=shop_cache.host,
        cache_port=str(shop_cache.port),
        cache_name="retail-dev-cache",
        cache_user="retail-dev-shop",
    )


@pytest.fixture
def process(
    inventory: settings.InventoryHandler, session: Session, shop: cache.Cache, client: Callable[[str], Any]
) -> Process:
    """The function with its parts; takes a batch."""
    return partial(
        handler.process,
        told=inventory,
        session=session,
        shop=shop,
        s3=client("s3"),
        seconds_left=plenty,
        now=noon,
    )


@pytest.fixture(autouse=True)
def _shelves(connection: Connection) -> None:
    """Ten mugs, six of them reserved, and three packets of tea, all of them reserved."""
    for sku, on_hand, kept in ((MUG, 10, 6), (TEA, 3, 3)):
        connection.execute(
            "INSERT INTO products (sku, name, description, category, price_cents, currency, picture)"
            " VALUES (%s, '', '', '', 1, 'USD', '')",
            (sku,),
        )
        connection.execute("INSERT INTO stock VALUES (%s, %s, %s)", (sku, on_hand, kept))


def stock(connection: Connection) -> dict[str, tuple[int, int]]:
    """On hand and reserved, by product."""
    return {sku: (on_hand, kept) for sku, on_hand, kept in connection.execute("SELECT * FROM stock")}


def stock_after(client: Callable[[str], Any], lake: str) -> dict[str, int]:
    """What the archive says was left after each event."""
    found = archived(client("s3"), lake)
    return {record["event_id"]: record["stock_after"] for records in found.values() for record in records}


def test_reserved_stock_is_taken_off(process: Process, connection: Connection) -> None:
    assert process(batch(reserved(MUG, 2), reserved(TEA), reserved(MUG))) == failed()
    assert stock(connection) == {MUG: (7, 3), TEA: (2, 2)}


def test_the_same_event_five_times_is_taken_off_once(process: Process, connection: Connection) -> None:
    event = reserved(MUG, 2)
    assert process(batch(event, event, event)) == failed()
    assert process(batch(event)) == failed()
    assert process(batch(reserved(TEA), event)) == failed()
    assert stock(connection) == {MUG: (8, 4), TEA: (2, 2)}


def test_stock_is_never_below_zero_and_the_difference_is_logged(
    process: Process, connection: Connection, client: Callable[[str], Any], bucket: str, logs: Logs
) -> None:
    events = [reserved(TEA, 2, occurred_at=DAY + timedelta(minutes=minute)) for minute in range(3)]
    assert process(batch(*events)) == failed()
    assert stock(connection)[TEA] == (0, 0)
    assert list(map(stock_after(client, bucket).get, (event.event_id for event in events))) == [1, 0, 0]
    short = [line["order_id"] for line in logs.lines if line["message"] == "more is sold than there was"]
    assert short == [event.order_id for event in events[1:]]


def test_the_archive_says_what_each_event_left(process: Process, client: Callable[[str], Any], bucket: str) -> None:
    late, early = reserved(MUG, 3, occurred_at=DAY + timedelta(hours=1)), reserved(MUG, 2)
    process(batch(late, early))
    (key, records), *others = archived(client("s3"), bucket).items()
    assert others == []
    assert key.startswith("raw/inventory/dt=2026-11-22/")
    assert {record["event_id"]: record for record in records} == {
        early.event_id: {"event_type": "InventoryReserved", **early.detail(), "stock_after": 8},
        late.event_id: {"event_type": "InventoryReserved", **late.detail(), "stock_after": 5},
    }


def test_the_archive_says_what_was_left_when_another_took_stock_meanwhile(
    process: Process, connection: Connection, session: Session, client: Callable[[str], Any], bucket: str
) -> None:
    event = reserved(MUG, 1)
    backend = session.run(lambda opened: opened.info.backend_pid)
    waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
    with ThreadPoolExecutor() as pool:
        with connection.transaction():
            connection.execute("UPDATE stock SET on_hand = on_hand - 4 WHERE sku = %s", (MUG,))
            waiting = pool.submit(process, batch(event))
            until(lambda: connection.execute(waits, (backend,)).fetchone() == (True,))
        assert waiting.result(timeout=60) == failed()
    assert stock(connection)[MUG] == (5, 5)
    assert stock_after(client, bucket) == {event.event_id: 5}


def lines(s3: Any, lake: str) -> dict[str, list[bytes]]:
    """Each event's lines, one for each object that has it."""
    found: dict[str, list[bytes]] = defaultdict(list)
    for item in s3.list_objects_v2(Bucket=lake)["Contents"]:
        for line in s3.get_object(Bucket=lake, Key=item["Key"])["Body"].read().splitlines():
            found[json.loads(line)["event_id"]].append(line)
    return found


def test_an_event_delivered_five_times_in_different_batches_is_archived_in_the_same_bytes(
    process: Process, connection: Connection, client: Callable[[str], Any], bucket: str
) -> None:
    event = reserved(MUG, 2)
    for others in ([reserved(MUG, 1)], [reserved(TEA)], [], [event, reserved(MUG, 3)], [reserved(MUG, 9), event]):
        assert process(batch(*others, event)) == failed()
    told = lines(client("s3"), bucket)[event.event_id]
    assert len(told) == 5
    assert len(set(told)) == 1
    assert stock(connection)[MUG] == (0, 0)


def test_an_event_that_found_too_little_comes_again_with_the_same_rest_and_is_logged_once(
    process: Process, client: Callable[[str], Any], bucket: str, logs: Logs
) -> None:
    first, second = reserved(TEA, 2), reserved(TEA, 2, occurred_at=DAY + timedelta(minutes=1))
    for again in (first, second), (second,), (second, first):
        assert process(batch(*again)) == failed()
    assert stock_after(client, bucket) == {first.event_id: 1, second.event_id: 0}
    short = [(line["order_id"], line["ReservationsOversold"]) for line in logs.lines if line["level"] == "ERROR"]
    assert short == [(second.order_id, 1)]


def test_an_event_taken_before_its_rest_was_kept_is_archived_with_the_stock_there_is(
    process: Process, connection: Connection, client: Callable[[str], Any], bucket: str
) -> None:
    event = reserved(MUG, 2)
    connection.execute("INSERT INTO processed_events (event_id, consumer) VALUES (%s, 'inventory')", (event.event_id,))
    assert process(batch(event)) == failed()
    assert stock_after(client, bucket) == {event.event_id: 10}
    assert stock(connection)[MUG] == (10, 6)


def test_a_batch_is_one_round_trip_to_the_database(
    process: Process, connection: Connection, session: Session, tmp_path: Path
) -> None:
    with (tmp_path / "protocol").open("w+") as trace:
        session.run(lambda opened: opened.pgconn.trace(trace.fileno()))
        assert process(batch(reserved(MUG), reserved(TEA), reserved(MUG))) == failed()
        session.run(lambda opened: opened.pgconn.untrace())
        trace.seek(0)
        sent = re.findall(r"\t([FB])\t\d+\t(\w+)", trace.read())
    assert [kind for side, kind in sent if side == "F" and kind in ("Query", "Sync")] == ["Sync"]
    assert "".join(side for side, _ in sent).lstrip("F").strip("B") == "", "all is sent before anything is answered"
    assert stock(connection) == {MUG: (8, 4), TEA: (2, 2)}


@pytest.mark.parametrize(
    "poison",
    [
        "{",
        envelope(reserved(MUG)) | {"detail-type": "OrderPlaced"},
        reserved(MUG, event_id="not-a-uuid"),
        reserved(MUG, 2**70),
        reserved("MUG\x00"),
        reserved("NOBODY-SELLS-IT"),
        reserved(MUG, occurred_at=DAY.replace(year=2025)),
        reserved(MUG, occurred_at=DAY + timedelta(days=2)),
    ],
    ids=[
        "no JSON",
        "another event",
        "an id that is none",
        "a number too great",
        "a bad character",
        "no such product",
        "a day before the lake's first",
        "a day that is yet to come",
    ],
)
def test_a_bad_message_harms_only_itself(
    process: Process, connection: Connection, client: Callable[[str], Any], bucket: str, logs: Logs, poison: Any
) -> None:
    assert process(batch(reserved(MUG), poison, reserved(TEA))) == failed("m1")
    assert stock(connection) == {MUG: (9, 5), TEA: (2, 2)}
    assert len(stock_after(client, bucket)) == 2
    assert [line["message_id"] for line in logs.lines if line["level"] == "ERROR"] == ["m1"]


def test_an_event_of_a_product_that_comes_later_is_taken_off_then(process: Process, connection: Connection) -> None:
    event = reserved("NEW-1", 2)
    assert process(batch(event)) == failed("m0")
    connection.execute(
        "INSERT INTO products (sku, name, description, category, price_cents, currency, picture)"
        " VALUES ('NEW-1', '', '', '', 1, 'USD', '')"
    )
    connection.execute("INSERT INTO stock VALUES ('NEW-1', 5, 2)")
    assert process(batch(event)) == failed()
    assert stock(connection)["NEW-1"] == (3, 0)


def test_the_products_of_the_batch_are_dropped_from_the_cache_and_no_others(
    process: Process, shop: cache.Cache
) -> None:
    for sku in (MUG, TEA, "CUP-2"):
        shop.add(cache.product_key(sku), b"old", 60)
    assert process(batch(reserved(MUG), reserved(TEA))) == failed()
    assert [shop.get(cache.product_key(sku)) for sku in (MUG, TEA, "CUP-2")] == [None, None, b"old"]


def test_the_cache_is_told_after_the_commit_and_even_if_the_lake_refuses(
    process: Process, inventory: settings.InventoryHandler, shop: cache.Cache, connection: Connection
) -> None:
    seen = []

    class Watching(cache.Cache):
        def drop(self, *keys: str) -> bool:
            seen.append((keys, stock(connection)[MUG]))
            return super().drop(*keys)

    watching = Watching(shop._opened)
    missing = settings.InventoryHandler(**vars(inventory) | {"lake_bucket": "lake-that-is-not-there"})
    with pytest.raises(ClientError, match="NoSuchBucket"):
        process(batch(reserved(MUG)), told=missing, shop=watching)
    assert seen == [((cache.product_key(MUG),), (9, 5))]


def test_a_cache_that_is_down_fails_no_message(
    process: Process, connection: Connection, shop_cache: LocalCache, logs: Logs
) -> None:
    shop_cache.stop()
    try:
        assert process(batch(reserved(MUG))) == failed()
    finally:
        shop_cache.start()
    assert stock(connection)[MUG] == (9, 5)
    assert "the cache did not answer" in logs.messages()


def test_nothing_is_done_while_the_database_is_away(
    process: Process, connection: Connection, session: Session, client: Callable[[str], Any], bucket: str
) -> None:
    session.run(psycopg.Connection.close)
    with pytest.raises(psycopg.OperationalError):
        process(batch(reserved(MUG)), session=Session(_unreachable))
    assert archived(client("s3"), bucket) == {}
    assert stock(connection)[MUG] == (10, 6)


def test_a_connection_whose_server_only_reads_since_a_failover_is_given_up(
    process: Process, connection: Connection, session: Session
) -> None:
    session.run(lambda opened: opened.execute("SET default_transaction_read_only = on"))
    assert process(batch(reserved(MUG), reserved(TEA))) == failed()
    assert stock(connection) == {MUG: (9, 5), TEA: (2, 2)}


def _unreachable() -> Connection:
    raise psycopg.OperationalError("nobody is there")


def test_many_functions_at_once_take_each_event_off_once(
    inventory: settings.InventoryHandler,
    connection: Connection,
    shop: cache.Cache,
    client: Callable[[str], Any],
    bucket: str,
) -> None:
    connection.execute("UPDATE stock SET on_hand = 1000, reserved = 500")
    events = [reserved(sku) for sku in (MUG, TEA) for _ in range(40)]
    begin = threading.Barrier(4)

    def run(own: list[Any]) -> list[dict[str, Any]]:
        session = functions.session(inventory, client("secretsmanager"))
        begin.wait(60)
        answers = [
            handler.process(batch(*own[start : start + 10]), inventory, session, shop, client("s3"), plenty, noon)
            for start in range(0, len(own), 10)
        ]
        session.run(psycopg.Connection.close)
        return answers

    mixed = [*events[::2], *events[1::2]]
    with ThreadPoolExecutor(4) as pool:
        answers = [answer for own in pool.map(run, [events, events[::-1], mixed, mixed[::-1]]) for answer in own]
    assert answers == [failed()] * 32
    assert stock(connection) == {MUG: (960, 460), TEA: (960, 460)}
    told = lines(client("s3"), bucket)
    for of_one in events[:40], events[40:]:
        left = [{json.loads(line)["stock_after"] for line in told[event.event_id]} for event in of_one]
        assert sorted(left, key=min) == [{rest} for rest in range(960, 1000)], "one rest for each, however often told"


def test_lambda_finds_everything_in_the_environment_and_bears_a_cache_that_refuses_it(
    inventory: settings.InventoryHandler, connection: Connection, client: Any, environment: Callable[[Any], None]
) -> None:
    environment(inventory)
    handler._parts.cache_clear()
    # The local cache knows passwords only, so that it refuses the signed request.
    assert handler.handler(batch(reserved(MUG, occurred_at=datetime.now(UTC)), "{"), Context()) == failed("m1")
    assert stock(connection)[MUG] == (9, 5)
    handler._parts.cache_clear()


def test_the_deployed_alarm_reads_what_the_function_counts_and_its_page_finds_the_order(
    inventory: settings.InventoryHandler,
    connection: Connection,
    client: Any,
    environment: Callable[[Any], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment(inventory)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", physical_name("06-events", "InventoryHandler"))
    handler._parts.cache_clear()
    handler._parts()
    written = io.StringIO()
    (output,) = logging.getLogger().handlers
    assert isinstance(output, logging.StreamHandler)
    output.setStream(written)
    events = [reserved(TEA, 2, occurred_at=datetime.now(UTC)) for _ in range(3)]
    assert handler.handler(batch(*events), Context()) == failed()
    handler._parts.cache_clear()

    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    alarm = asked("06-events", "ReservationsOversold")
    counting = [line for line in lines if alarm in measured(line)]
    assert [measured(line)[alarm] for line in counting] == [1, 1], "and nothing for what was there"
    page = (ROOT / "docs/runbooks/alarms/reservations-oversold.md").read_text(encoding="utf-8")
    message, shown = re.findall(r'filter message = "([^"]+)" \| fields @timestamp, ([a-z_, ]+) \|', page)[0]
    found = [[line[name] for name in shown.split(", ")] for line in lines if line["message"] == message]
    short = sorted(events, key=lambda event: (event.occurred_at, event.event_id))[1:]
    assert sorted(found) == sorted([event.order_id, TEA] for event in short)
