from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from botocore.exceptions import ClientError

from lambdas.order_processor import handler
from retail.contracts import settings
from retail.contracts.events import OrderLine
from retail.local.postgres import Postgres
from retail.runtime import aws, database, functions
from retail.runtime.database import Connection, Session
from tests import emitted
from tests.lambdas.conftest import Logs
from tests.lambdas.messages import (
    DAY,
    Context,
    archived,
    batch,
    envelope,
    failed,
    noon,
    paid,
    placed,
    plenty,
    shipped,
    until,
)

Process = Callable[..., dict[str, Any]]


@pytest.fixture
def process(told: dict[str, Any], session: Session, client: Callable[[str], Any]) -> Process:
    """The function with its parts; takes a batch, and `seconds_left` if it is to be short of time."""
    return partial(
        handler.process,
        told=settings.OrderProcessor(**told),
        session=session,
        s3=client("s3"),
        seconds_left=plenty,
        now=noon,
    )


def orders(connection: Connection) -> list[tuple[Any, ...]]:
    columns = "order_id::text, customer_id, status, total_cents, placed_at, paid_at, payment_id"
    return connection.execute(f"SELECT {columns} FROM orders ORDER BY placed_at, order_id").fetchall()


def lines(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT line_no, sku, quantity, unit_price_cents FROM order_lines ORDER BY order_id, line_no"
    ).fetchall()


def test_an_order_placed_and_paid_is_written_with_its_lines(process: Process, connection: Connection) -> None:
    order = placed()
    payment = paid(order)
    assert process(batch(order, payment)) == failed()
    assert orders(connection) == [
        (order.order_id, "c-1", "paid", 2999, DAY, DAY.replace(minute=1), "pay-1"),
    ]
    assert lines(connection) == [(1, "MUG-1", 2, 1250), (2, "TEA-7", 1, 499)]


def test_the_same_event_five_times_is_one_order(process: Process, connection: Connection, logs: Logs) -> None:
    order = placed()
    assert process(batch(order, order, order)) == failed()
    assert process(batch(order)) == failed()
    assert [line["OrderEventsWritten"] for line in logs.lines if line["message"] == "orders written"] == [1, 0]
    connection.execute("DELETE FROM order_lines")
    connection.execute("UPDATE orders SET status = 'shipped'")
    assert process(batch(order)) == failed()
    assert [row[2] for row in orders(connection)] == ["shipped"]
    assert lines(connection) == [], "a repeated event must change nothing"


def test_events_in_any_order_and_any_batches_make_the_same_order(process: Process, connection: Connection) -> None:
    order = placed()
    seen = []
    for first, second in itertools.permutations((order, paid(order))):
        for batches in ([first, second],), ([first], [second]):
            connection.execute("TRUNCATE orders, order_lines, processed_events")
            for events in batches:
                assert process(batch(*events)) == failed()
            seen.append((orders(connection), lines(connection)))
    assert seen.count(seen[0]) == 4
    assert seen[0][0][0][2] == "paid"


def test_an_order_that_the_storefront_has_shipped_stays_shipped(process: Process, connection: Connection) -> None:
    order = placed()
    connection.execute(
        "INSERT INTO orders (order_id, customer_id, status, currency, total_cents, placed_at, idempotency_key)"
        " VALUES (%s, 'c-1', 'shipped', 'USD', 2999, %s, 'k')",
        (order.order_id, DAY),
    )
    assert process(batch(order, paid(order))) == failed()
    assert [row[2] for row in orders(connection)] == ["shipped"]
    assert connection.execute("SELECT processed_at IS NOT NULL, idempotency_key FROM orders").fetchone() == (True, "k")


def test_a_batch_is_one_round_trip_to_the_database(
    process: Process, connection: Connection, session: Session, tmp_path: Path
) -> None:
    many = [placed() for _ in range(5)]
    with (tmp_path / "protocol").open("w+") as trace:
        session.run(lambda opened: opened.pgconn.trace(trace.fileno()))
        assert process(batch(*many, *(paid(order) for order in many))) == failed()
        session.run(lambda opened: opened.pgconn.untrace())
        trace.seek(0)
        sent = re.findall(r"\tF\t\d+\t(\w+)", trace.read())
    assert (sent.count("Sync"), sent.count("Query")) == (1, 0)
    assert len(orders(connection)) == 5


UNREADABLE: dict[str, Any] = {
    "no JSON": "{",
    "no object": "[]",
    "nested beyond reading": "[" * 200_000,
    "another's event": {"source": "aws.s3", "detail-type": "OrderPlaced", "detail": {}},
    "a field too few": envelope(placed()) | {"detail": {"version": 1}},
    "an event of another queue": shipped(),
    "a character that no text may hold": placed(customer_id="c\x00"),
    "an order id that is none": placed(order_id="not-a-uuid"),
    "a day before the lake's first": placed(occurred_at=DAY.replace(year=2025)),
    "a day that is yet to come": placed(occurred_at=DAY + timedelta(days=2)),
    "a number too great": placed(total_cents=2**70),
}
SPOILT: dict[str, Any] = {
    "a quantity of none": placed(items=(OrderLine(sku="MUG-1", quantity=0, unit_price_cents=1),)),
}


@pytest.mark.parametrize(
    ("poison", "told_as"),
    [
        *((poison, "a message cannot be read") for poison in UNREADABLE.values()),
        *((poison, "a message fails") for poison in SPOILT.values()),
    ],
    ids=[*UNREADABLE, *SPOILT],
)
def test_a_bad_message_harms_only_itself(
    process: Process,
    connection: Connection,
    client: Callable[[str], Any],
    bucket: str,
    logs: Logs,
    poison: Any,
    told_as: str,
) -> None:
    good = [placed() for _ in range(3)]
    assert process(batch(good[0], poison, *good[1:])) == failed("m1")
    assert {row[0] for row in orders(connection)} == {order.order_id for order in good}
    assert sum(map(len, archived(client("s3"), bucket).values())) == 3
    errors = [(line["message_id"], line["message"]) for line in logs.lines if line["level"] == "ERROR"]
    assert errors == [("m1", told_as)]


def test_a_message_is_not_begun_when_the_time_left_is_too_short(process: Process, connection: Connection) -> None:
    order, poison = placed(), SPOILT["a quantity of none"]
    assert process(batch(order, poison), seconds_left=lambda: 5.0) == failed("m0", "m1")
    assert orders(connection) == []


def test_every_function_has_the_time_that_its_parts_may_take() -> None:
    timeouts = {
        name: function["Properties"]["Timeout"]
        for name, function in emitted.resources("06-events", "AWS::Lambda::Function").items()
    }
    # A connection, the statement for all, the beginning of the last statement alone.
    needed = database.CONNECT_SECONDS + functions.STATEMENT_SECONDS + functions.FINISH_SECONDS
    assert functions.FINISH_SECONDS >= functions.STATEMENT_SECONDS + aws.MOST_SECONDS
    assert min(timeouts.values()) >= needed, timeouts


def test_a_statement_is_stopped_by_the_database_before_the_function_is(session: Session) -> None:
    shown = session.run(lambda connection: connection.execute("SHOW statement_timeout").fetchone())
    assert shown == (f"{functions.STATEMENT_SECONDS}s",)


def test_events_are_archived_as_one_object_for_each_day(
    process: Process, client: Callable[[str], Any], bucket: str
) -> None:
    order = placed(occurred_at=DAY.replace(hour=23, minute=59))
    late = paid(order, occurred_at=order.occurred_at + timedelta(minutes=2))
    process(batch(order, late, order))
    found = archived(client("s3"), bucket)
    assert [key.rsplit("/", 1)[0] for key in found] == ["raw/orders/dt=2026-11-22", "raw/orders/dt=2026-11-23"]
    assert list(found.values()) == [
        [{"event_type": "OrderPlaced", **order.detail()}],
        [{"event_type": "PaymentProcessed", **late.detail()}],
    ]


def test_the_same_batch_in_another_order_is_the_same_object(
    process: Process, client: Callable[[str], Any], bucket: str
) -> None:
    many = [placed() for _ in range(4)]
    process(batch(*many))
    before = archived(client("s3"), bucket)
    process(batch(*reversed(many)))
    assert archived(client("s3"), bucket) == before


def test_nothing_is_done_when_the_lake_refuses_and_all_is_done_at_the_next_try(
    process: Process, told: dict[str, Any], client: Callable[[str], Any], connection: Connection
) -> None:
    elsewhere = f"lake-{uuid4()}"
    missing = settings.OrderProcessor(**told | {"lake_bucket": elsewhere})
    order = placed()
    with pytest.raises(ClientError, match="NoSuchBucket"):
        process(batch(order, "{"), told=missing)
    client("s3").create_bucket(Bucket=elsewhere)
    assert process(batch(order), told=missing) == failed()
    assert [record["event_id"] for each in archived(client("s3"), elsewhere).values() for record in each] == [
        order.event_id
    ]
    assert len(orders(connection)) == 1


def test_a_connection_that_broke_between_two_batches_is_opened_again(
    process: Process, postgres: Postgres, session: Session, connection: Connection
) -> None:
    first, second = placed(), placed(occurred_at=DAY.replace(hour=11))
    process(batch(first))
    backend = session.run(lambda opened: opened.info.backend_pid)
    connection.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
    assert process(batch(second)) == failed()
    assert [row[0] for row in orders(connection)] == [first.order_id, second.order_id]


def test_one_connection_serves_many_batches(process: Process, session: Session) -> None:
    process(batch(placed()))
    first = session.run(lambda opened: opened.info.backend_pid)
    process(batch(placed(), SPOILT["a quantity of none"]))
    assert session.run(lambda opened: opened.info.backend_pid) == first


def test_a_batch_is_begun_again_when_the_database_breaks_in_the_middle_of_it(
    process: Process, connection: Connection, session: Session
) -> None:
    order = placed()
    process(batch(order))
    backend = session.run(lambda opened: opened.info.backend_pid)
    with ThreadPoolExecutor() as pool, connection.transaction():
        connection.execute("SELECT 1 FROM orders FOR UPDATE")
        waiting = pool.submit(process, batch(paid(order), placed(occurred_at=DAY.replace(hour=11))))
        until(
            lambda: (
                connection.execute(
                    "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s", (backend,)
                ).fetchone()
                == (True,)
            )
        )
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
    assert waiting.result(timeout=60) == failed()
    assert [row[2] for row in orders(connection)] == ["paid", "placed"]


def test_nothing_is_done_while_the_database_is_away_and_all_is_done_when_it_is_back(
    process: Process, postgres: Postgres, told: dict[str, Any], client: Callable[[str], Any], bucket: str
) -> None:
    order, later = placed(), placed(occurred_at=DAY.replace(hour=11))
    process(batch(order))
    postgres.stop()
    try:
        with pytest.raises(psycopg.OperationalError):
            process(batch(paid(order), later))
    finally:
        postgres.start()
    assert sum(map(len, archived(client("s3"), bucket).values())) == 1
    assert process(batch(paid(order), later)) == failed()
    assert sum(map(len, archived(client("s3"), bucket).values())) == 3


def test_two_functions_at_once_make_each_order_once(
    told: dict[str, Any], client: Callable[[str], Any], connection: Connection
) -> None:
    many = [placed() for _ in range(8)]
    payments = [paid(order) for order in many]
    begin = threading.Barrier(4)

    def run(events: list[Any]) -> dict[str, Any]:
        session = functions.session(settings.OrderProcessor(**told), client("secretsmanager"))
        begin.wait(60)
        answer = handler.process(batch(*events), settings.OrderProcessor(**told), session, client("s3"), plenty, noon)
        session.run(psycopg.Connection.close)
        return answer

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(run, [many, many[::-1], payments, payments[::-1]]))
    assert answers == [failed()] * 4
    assert [row[2] for row in orders(connection)] == ["paid"] * 8
    assert len(lines(connection)) == 16


def test_lambda_finds_everything_in_the_environment_and_keeps_its_connection(
    told: dict[str, Any], client: Callable[[str], Any], connection: Connection, environment: Callable[[Any], None]
) -> None:
    environment(settings.OrderProcessor(**told))
    handler._parts.cache_clear()
    backends = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    before, seen = set(connection.execute(backends)), []
    for _ in range(3):
        assert handler.handler(batch(placed(occurred_at=datetime.now(UTC)), "{"), Context()) == failed("m1")
        seen.append(set(connection.execute(backends)) - before)
    assert len(orders(connection)) == 3
    assert len(set.union(*seen)) == 1, "one connection for all invocations"
    assert seen == [seen[0]] * 3
    handler._parts.cache_clear()
