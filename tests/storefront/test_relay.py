"""From the outbox to the bus: at least once, in batches, entry by entry."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import httpx
import pytest

from retail.contracts import lake, parameters
from retail.contracts.events import parse
from retail.runtime import database
from retail.storefront import relay as relays
from retail.storefront.carts import CartLine
from retail.storefront.relay import BATCH, Relay
from retail.storefront.shop import Shop
from tests.embedded import asked, measured
from tests.emitted import properties
from tests.parts import own_database
from tests.storefront.conftest import BUS, LAKE, World, wait_until
from tests.storefront.endpoint import Answer, Request, endpoint
from tests.storefront.test_process import running
from tests.test_names import resolve

BUS_URL = "AWS_ENDPOINT_URL_EVENTBRIDGE"


@pytest.fixture
def outbox(world: World, shop: Shop) -> Iterator[Callable[[int], list[str]]]:
    """Fills the outbox, empty of what other tests left, while the shop's own relay is away; returns the events' ids."""
    shop.relay.stop(60)
    world.writer.execute("DELETE FROM outbox")
    world.events()

    def fill(number: int, detail_type: str = "InventoryReserved") -> list[str]:
        ids = [str(uuid4()) for _ in range(number)]
        for event_id in ids:
            world.writer.execute(
                "INSERT INTO outbox (event_id, detail_type, detail) VALUES (%s, %s, %s)",
                [
                    event_id,
                    detail_type,
                    json.dumps({"event_id": event_id, "occurred_at": "2026-11-22T10:00:00.000000Z"}),
                ],
            )
        return ids

    yield fill
    world.writer.execute("DELETE FROM outbox WHERE published_at IS NULL")
    object.__setattr__(shop, "relay", relay(world, shop))
    shop.orders._committed = shop.relay.wake
    shop.relay.start()


def relay(world: World, shop: Shop) -> Relay:
    """One more relay, as another task has it."""
    return Relay(shop.writer, world.clients.events, BUS, world.clients.s3, LAKE)


def arrived(world: World) -> list[str]:
    return [event["detail"]["event_id"] for event in world.events()]


def signed(request: Request) -> dict[str, str]:
    """The headers with which a request can be passed on."""
    return {name: value for name, value in request.headers.items() if name.lower() not in ("host", "content-length")}


def due_now(world: World) -> None:
    world.writer.execute("UPDATE outbox SET next_attempt_at = now() WHERE published_at IS NULL")


def waiting(world: World) -> dict[str, int]:
    """What is not published, and how often that was tried."""
    rows = world.writer.execute("SELECT event_id::text, attempts FROM outbox WHERE published_at IS NULL").fetchall()
    return dict(rows)


def test_an_order_is_on_the_bus_at_once_as_agreed(world: World, shop: Shop) -> None:
    world.events()
    order = shop.orders.checkout("bus", [CartLine(sku=world.product(), quantity=2)], str(uuid4()))
    found: list[Any] = []

    def has_come() -> bool:
        found.extend(event for event in world.events() if event["detail"].get("order_id") == str(order.order_id))
        return len(found) == 2

    wait_until(has_come)
    assert {type(parse(event)).__name__ for event in found} == {"OrderPlaced", "InventoryReserved"}


def test_a_batch_has_ten_the_oldest_first(world: World, shop: Shop, outbox: Callable[..., list[str]]) -> None:
    ids = outbox(BATCH + 3)
    publisher = relay(world, shop)
    assert publisher.publish() == BATCH
    assert list(waiting(world)) == ids[BATCH:]
    assert publisher.publish() == 3
    assert publisher.publish() == 0
    assert sorted(arrived(world)) == sorted(ids)


def test_relays_side_by_side_publish_each_event_once(
    world: World, shop: Shop, outbox: Callable[..., list[str]]
) -> None:
    ids = outbox(60)
    relays = [relay(world, shop) for _ in range(4)]

    def drain(publisher: Relay) -> None:
        while publisher.publish():
            pass

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(drain, relays))
    assert sorted(arrived(world)) == sorted(ids)


@pytest.fixture
def some_entries_fail(world: World) -> Iterator[set[int]]:
    """The bus does not take the entries of these places, as it may (PutEvents fails in part)."""
    places: set[int] = set()

    def spoil(parsed: dict[str, Any], **_: Any) -> None:
        for place in places:
            parsed["Entries"][place] = {"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}
        parsed["FailedEntryCount"] = len(places)

    world.clients.events.meta.events.register("after-call.events.PutEvents", spoil)
    yield places
    world.clients.events.meta.events.unregister("after-call.events.PutEvents", spoil)


def test_entries_that_the_bus_refuses_are_tried_again_and_no_others(
    world: World,
    shop: Shop,
    outbox: Callable[..., list[str]],
    some_entries_fail: set[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Later than this test takes.
    monkeypatch.setattr(relays, "FIRST_RETRY_SECONDS", 300)
    ids = outbox(5)
    some_entries_fail |= {1, 3}
    publisher = relay(world, shop)
    publisher.publish()
    assert waiting(world) == {ids[1]: 1, ids[3]: 1}
    assert publisher.publish() == 0, "not at once"
    some_entries_fail.clear()
    due_now(world)
    publisher.publish()
    assert waiting(world) == {}


def test_each_refusal_makes_the_next_try_later(
    world: World, shop: Shop, outbox: Callable[..., list[str]], some_entries_fail: set[int]
) -> None:
    outbox(1)
    some_entries_fail.add(0)
    publisher = relay(world, shop)
    for attempt in range(4):
        due_now(world)
        before = world.one("SELECT clock_timestamp()")
        publisher.publish()
        after, due = world.one("SELECT clock_timestamp()"), world.one("SELECT next_attempt_at FROM outbox")
        # It counts from a moment between the two.
        assert before + timedelta(seconds=2**attempt * 0.5) <= due <= after + timedelta(seconds=2**attempt)


def test_nothing_is_lost_while_the_bus_is_down(world: World, shop: Shop, outbox: Callable[..., list[str]]) -> None:
    import boto3
    from botocore.config import Config

    ids = outbox(2)
    nowhere = boto3.session.Session().client(
        "events", endpoint_url="http://127.0.0.1:9", config=Config(retries={"total_max_attempts": 1})
    )
    Relay(shop.writer, nowhere, BUS, world.clients.s3, LAKE).publish()
    assert waiting(world) == dict.fromkeys(ids, 1)
    due_now(world)
    relay(world, shop).publish()
    assert sorted(arrived(world)) == sorted(ids)


def test_a_relay_that_dies_lets_its_rows_go(world: World, shop: Shop, outbox: Callable[..., list[str]]) -> None:
    ids = outbox(2)

    class Killed(BaseException):
        pass

    class Dying:
        def put_events(self, **_: Any) -> Any:
            raise Killed

    with pytest.raises(Killed):
        Relay(shop.writer, Dying(), BUS, world.clients.s3, LAKE).publish()
    assert waiting(world) == dict.fromkeys(ids, 0)
    assert relay(world, shop).publish() == 2


def test_on_sigterm_the_batch_under_way_is_finished_and_marked_and_no_other_begun(
    world: World, outbox: Callable[..., list[str]], tmp_path: Path
) -> None:
    is_asked, goes_on = Event(), Event()

    def slow_bus(request: Request) -> Answer:
        is_asked.set()
        assert goes_on.wait(50), "less than the client waits"
        given = httpx.post(world.aws.url, content=request.body, headers=signed(request), timeout=60)
        return Answer(given.content, given.status_code, {"Content-Type": given.headers["content-type"]})

    ids = outbox(2 * BATCH + 5)
    with endpoint(slow_bus) as bus, running(world, tmp_path / "log", environment={BUS_URL: bus.url}) as process:
        assert is_asked.wait(60)
        process.child.send_signal(signal.SIGTERM)
        wait_until(lambda: "the relay stops" in [record["message"] for record in process.records()])
        assert waiting(world) == dict.fromkeys(ids, 0), "nothing is marked before the bus has it"
        goes_on.set()
        assert process.child.wait(60) == 0
        assert len(bus.requests) == 1
    assert sorted(arrived(world)) == sorted(ids[:BATCH])
    assert waiting(world) == dict.fromkeys(ids[BATCH:], 0)


def test_a_shipment_is_in_the_lake_before_it_is_on_the_bus(
    world: World, shop: Shop, outbox: Callable[..., list[str]]
) -> None:
    shipped, reserved = outbox(2, "OrderShipped"), outbox(1)
    refusing = Relay(shop.writer, world.clients.events, BUS, world.clients.s3, "no-such-bucket")
    refusing.publish()
    assert arrived(world) == reserved
    assert waiting(world) == dict.fromkeys(shipped, 1)
    due_now(world)
    relay(world, shop).publish()
    key = lake.object_key("orders", "2026-11-22", shipped)
    body = world.clients.s3.get_object(Bucket=LAKE, Key=key)["Body"].read().decode()
    records = [json.loads(line) for line in body.splitlines()]
    assert sorted(record["event_id"] for record in records) == sorted(shipped)
    assert {record["event_type"] for record in records} == {"OrderShipped"}


def test_what_was_published_a_week_ago_is_deleted(world: World, shop: Shop, outbox: Callable[..., list[str]]) -> None:
    old, new = outbox(2)
    publisher = relay(world, shop)
    publisher.publish()
    world.writer.execute("UPDATE outbox SET published_at = now() - interval '8 days' WHERE event_id = %s", [old])
    publisher.tidy()
    left = "SELECT count(*) FROM outbox WHERE event_id = %s"
    assert (world.one(left, old), world.one(left, new)) == (0, 1)


def test_as_much_is_deleted_as_is_published_meanwhile(
    world: World, shop: Shop, outbox: Callable[..., list[str]]
) -> None:
    class Quick:
        def put_events(self, Entries: list[Any]) -> dict[str, Any]:  # as boto3 names it
            return {"Entries": [{}] * len(Entries)}

    fill = (
        "INSERT INTO outbox (event_id, detail_type, detail, published_at)"
        " SELECT gen_random_uuid(), 'Old', '{}', %s FROM generate_series(1, %s)"
    )
    old = "SELECT count(*) FROM outbox WHERE published_at < now() - interval '7 days'"
    world.writer.execute(fill, ["2026-01-01T00:00:00Z", 3_000])
    world.writer.execute(fill, [None, 1_950])
    publisher = Relay(shop.writer, Quick(), BUS, world.clients.s3, LAKE)
    publisher.start()
    wait_until(lambda: waiting(world) == {})
    publisher.stop(60)
    assert world.one(old) <= 1_000


def test_a_failing_database_does_not_end_the_relay(world: World, caplog: pytest.LogCaptureFixture) -> None:
    target = database.Target(world.postgres.writer.host, 9, world.postgres.database)
    pool = database.pool(target, "nobody", "x", statement_timeout_ms=1_000, size=1, wait_seconds=0.05)
    pool.open()
    publisher = Relay(pool, world.clients.events, BUS, world.clients.s3, LAKE)
    publisher.start()
    wait_until(lambda: [record.message for record in caplog.records].count("the outbox cannot be read") >= 2)
    publisher.stop(60)
    pool.close()


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[int, float]]:
    """What relays have reported: how many events wait, and for how many seconds the oldest."""
    reports = [vars(record)["metrics"] for record in caplog.records if record.message == "what waits for the bus"]
    return [(each["OutboxWaiting"], each["OutboxOldestAge"]) for each in reports]


def test_the_deployed_alarm_reads_what_the_running_storefront_writes(
    world: World, tmp_path: Path, boto: Callable[..., Any]
) -> None:
    bus = resolve("06-events", properties("06-events", "EventsBusParameter")["Value"])
    path = f"/retail/{uuid4().hex}"
    for name, value in (world.parameters | {parameters.EVENT_BUS: bus}).items():
        boto("ssm").put_parameter(Name=f"{path}/{name}", Value=value, Type="String")
    alarm = asked("06-events", "OutboxTooOld")
    with running(world, tmp_path / "log", path) as process:
        wait_until(lambda: any(alarm in measured(record) for record in process.records()))


def test_what_waits_is_reported_though_it_is_not_due_or_in_the_hands_of_a_relay_that_is_stuck(
    world: World, shop: Shop, outbox: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    publisher = relay(world, shop)
    publisher.report()
    old, refused, _ = outbox(3)
    world.writer.execute("UPDATE outbox SET created_at = now() - interval '10 minutes' WHERE event_id = %s", [old])
    world.writer.execute(
        "UPDATE outbox SET next_attempt_at = now() + interval '5 minutes' WHERE event_id = %s", [refused]
    )
    with shop.writer.connection() as stuck, stuck.transaction():
        stuck.execute("SELECT FROM outbox WHERE event_id = %s FOR UPDATE", [old])
        publisher.report()
    due_now(world)
    publisher.publish()
    publisher.report()
    (none, at_first), (three, age), (left, at_last) = told(caplog)
    assert (none, three, left) == (0, 3, 0)
    assert (at_first, at_last) == (0, 0)
    assert 600 <= age < 660


def test_a_relay_reports_once_a_minute_however_much_it_publishes(
    world: World, shop: Shop, outbox: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    outbox(5 * BATCH)
    publisher = relay(world, shop)
    publisher.start()
    wait_until(lambda: waiting(world) == {} and bool(told(caplog)))
    publisher.stop(60)
    assert len(told(caplog)) == 1


def test_the_report_is_repeated_even_by_a_relay_that_cannot_publish(
    world: World,
    shop: Shop,
    outbox: Callable[..., list[str]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Broken:
        def put_events(self, **_: Any) -> Any:
            raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(relays, "REPORT_SECONDS", 0.1)
    caplog.set_level(logging.INFO)
    outbox(2)
    publisher = Relay(shop.writer, Broken(), BUS, world.clients.s3, LAKE)
    publisher.start()
    wait_until(lambda: len(told(caplog)) >= 2)
    publisher.stop(60)
    assert {waiting for waiting, _ in told(caplog)} == {2}
    assert "the relay fails" in [record.message for record in caplog.records]


@pytest.mark.parametrize("state", ["a backlog", "a backlog that is gone and still in the statistics"])
def test_neither_relay_nor_report_reads_what_was_published(world: World, state: str) -> None:
    target = own_database(world.postgres, f"outbox_{uuid4().hex}")
    user, password = world.postgres.user, world.postgres.password
    fill = "INSERT INTO outbox (event_id, detail_type, detail) SELECT gen_random_uuid(), '', '{}' FROM generate_series"
    with database.connect(target, user, password, statement_timeout_ms=60_000) as connection:
        connection.execute(fill + "(1, 40000)")
        connection.execute("ANALYZE outbox")
        connection.execute("UPDATE outbox SET published_at = now()")
        connection.execute(fill + "(1, 2000)")
        if state == "a backlog":
            connection.execute("ANALYZE outbox")
        for statement, limit in ((relays.DUE, BATCH), (relays.WAITING, relays.COUNTED)):
            row = connection.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, [limit]).fetchone()
            assert row
            scans = [node for node in nodes(row[0][0]["Plan"]) if "Scan" in node["Node Type"]]
            assert [scan.get("Index Name") for scan in scans] == ["outbox_waiting"], statement
            assert scans[0].get("Rows Removed by Filter", 0) == 0


@pytest.mark.parametrize("state", ["known to the statistics", "unknown to them"])
def test_tidying_reads_little_while_nothing_is_old(world: World, state: str) -> None:
    target = own_database(world.postgres, f"outbox_{uuid4().hex}")
    user, password = world.postgres.user, world.postgres.password
    with database.connect(target, user, password, statement_timeout_ms=60_000) as connection:
        connection.execute(
            "INSERT INTO outbox (event_id, detail_type, detail, published_at)"
            " SELECT gen_random_uuid(), '', '{}', now() FROM generate_series(1, 40000)"
        )
        if state == "known to the statistics":
            connection.execute("ANALYZE outbox")
        row = connection.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + relays.TIDY, [1_000, 7]).fetchone()
        assert row
        read = [
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            for node in nodes(row[0][0]["Plan"])
            if "Relation Name" in node and "Scan" in node["Node Type"]
        ]
    assert sum(read) <= 2_000


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan and those below it."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)
