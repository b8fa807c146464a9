"""Step 7 from end to end: an order placed in the storefront, through the deployed rules and queues to the functions."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from lambdas.inventory_handler import handler as inventory
from retail.contracts.events import InventoryReserved, OrderPlaced, OrderShipped, PaymentProcessed
from retail.contracts.lake import object_key
from retail.runtime.cache import product_key
from tests.proof.world import CARD, CUSTOMER, INVENTORY, NOTIFICATION, ORDERS, QUEUES, World, eventually


def test_an_order_reaches_database_lake_stock_cache_and_customer_once_each(world: World) -> None:
    sku = world.stock(on_hand=10)
    # Again if the cache was slow: the product page is cached.
    eventually(lambda: world.catalogue.product(sku) and world.cache.get(product_key(sku)))
    relay = world.relay()
    relay.start()
    try:
        order = world.place((sku, 3))
        relay.wake()
        eventually(lambda: not world.unpublished(order))
    finally:
        relay.stop(60)
    assert not world.is_processed(order)
    world.work()

    row = world.order(order)
    assert row is not None
    assert row[:4] == ("placed", CUSTOMER, "EUR", 3750)
    assert world.is_processed(order)
    assert [record["event_type"] for record in world.lake("orders", order)] == [OrderPlaced.__name__]
    (reserved,) = world.lake("inventory", order)
    assert (reserved["event_type"], reserved["sku"], reserved["quantity"]) == (InventoryReserved.__name__, sku, 3)
    assert reserved["stock_after"] == 7
    assert world.on_hand(sku) == (7, 0)
    assert world.cache.get(product_key(sku)) is None
    assert world.told(order) == [OrderPlaced.__name__]
    assert world.waiting() == {}


def test_an_order_that_is_paid_and_shipped_keeps_its_furthest_status(world: World) -> None:
    sku = world.stock(on_hand=1)
    order = world.place((sku, 1))
    world.orders().pay(order.order_id, CUSTOMER, CARD)
    world.orders().ship(order.order_id, "Parcel Post", "PP-1")
    world.publish()
    world.work()
    row = world.order(order)
    assert row is not None
    assert row[0] == "shipped"
    kinds = [record["event_type"] for record in world.lake("orders", order)]
    assert sorted(kinds) == sorted(event.__name__ for event in (OrderPlaced, PaymentProcessed, OrderShipped))
    assert world.told(order) == [OrderPlaced.__name__, OrderShipped.__name__]


def test_the_lake_s_object_lies_below_the_day_of_its_event_under_a_name_from_its_ids(world: World) -> None:
    order = world.place((world.stock(on_hand=1), 1))
    world.publish()
    world.work()
    (placed,) = (each["detail"] for each in world.envelopes(order.order_id) if each["detail-type"] == "OrderPlaced")
    key = object_key("orders", placed["occurred_at"][:10], [placed["event_id"]])
    world.s3.head_object(Bucket=world.platform.settings["LAKE_BUCKET"], Key=key)


def test_events_delivered_five_times_and_out_of_order_leave_the_same_state(world: World) -> None:
    skus = [world.stock(on_hand=10), world.stock(on_hand=10)]
    order = world.place((skus[0], 2), (skus[1], 5))
    world.orders().pay(order.order_id, CUSTOMER, CARD)
    world.publish()
    world.work()
    before = world.order(order), [world.on_hand(sku) for sku in skus]

    envelopes = world.envelopes(order.order_id) * 5
    random.Random(3).shuffle(envelopes)
    for pipeline, kinds in ((ORDERS, (OrderPlaced, PaymentProcessed)), (INVENTORY, (InventoryReserved,))):
        names = [kind.__name__ for kind in kinds]
        world.send(pipeline, [each for each in envelopes if each["detail-type"] in names])
    world.work()
    assert (world.order(order), [world.on_hand(sku) for sku in skus]) == before
    assert before[1] == [(8, 0), (5, 0)]
    assert world.waiting() == {}


def test_an_order_delivered_five_times_is_told_to_its_customer_once(world: World) -> None:
    order = world.place((world.stock(on_hand=1), 1))
    placed = [each for each in world.envelopes(order.order_id) if each["detail-type"] == OrderPlaced.__name__]
    for _ in range(5):
        world.send(NOTIFICATION, placed)
        world.mapping(NOTIFICATION).drain()
    assert world.told(order) == [OrderPlaced.__name__]


def test_a_replay_changes_nothing_and_tells_nobody_again(world: World) -> None:
    sku = world.stock(on_hand=10)
    order = world.place((sku, 4))
    world.orders().pay(order.order_id, CUSTOMER, CARD)
    world.publish()
    world.work()
    before = world.order(order), world.on_hand(sku)
    assert world.told(order) == [OrderPlaced.__name__]

    world.replay()
    eventually(lambda: world.mapping(ORDERS).waiting() and world.mapping(INVENTORY).waiting())
    assert world.mapping(NOTIFICATION).waiting() == 0, "the rule passes replayed events by"
    world.work()
    assert (world.order(order), world.on_hand(sku)) == before
    assert world.told(order) == []


def test_a_replayed_event_that_a_careless_rule_lets_through_is_not_told_either(world: World) -> None:
    order = world.place((world.stock(on_hand=1), 1))
    world.send(NOTIFICATION, [each | {"replay-name": "again"} for each in world.envelopes(order.order_id)[:1]])
    world.work()
    assert world.told(order) == []
    assert world.waiting() == {}


def test_a_replay_writes_an_order_again_that_was_lost_from_the_database(world: World) -> None:
    sku = world.stock(on_hand=10)
    order = world.place((sku, 4))
    world.orders().pay(order.order_id, CUSTOMER, CARD)
    world.publish()
    world.work()
    before = world.order(order)
    with world.writer.connection() as connection:
        connection.execute("DELETE FROM orders WHERE order_id = %s", [order.order_id])
        connection.execute("DELETE FROM processed_events WHERE consumer = 'orders'")
    assert world.order(order) is None
    world.replay()
    eventually(lambda: world.mapping(ORDERS).waiting())
    world.work()
    assert world.order(order) == before
    assert world.on_hand(sku) == (6, 0)


def test_two_functions_at_once_take_each_event_off_once(world: World) -> None:
    skus = [world.stock(on_hand=100) for _ in range(2)]
    placed = [world.place(*((sku, 1) for sku in skus)) for _ in range(20)]
    reserved = [
        each
        for each in world.envelopes(*(order.order_id for order in placed))
        if each["detail-type"] == InventoryReserved.__name__
    ]
    batches = [reserved[start : start + 5] for start in range(0, len(reserved), 5)]
    # The two get every batch both, one of them backwards, and meet again and again.
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(_take, (batches, [batch[::-1] for batch in batches[::-1]])))
    assert answers == [[{"batchItemFailures": []}] * len(batches)] * 2
    assert [world.on_hand(sku) for sku in skus] == [(80, 0)] * 2


def _take(batches: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Handle batches as one execution environment does, with a connection of its own."""
    told, session, shop, s3 = inventory._parts.__wrapped__()
    records = [
        {"Records": [{"messageId": str(number), "body": json.dumps(each)} for number, each in enumerate(batch)]}
        for batch in batches
    ]
    return [
        inventory.process(batch, told, session, shop, s3, lambda: 60.0, lambda: datetime.now(UTC)) for batch in records
    ]


def test_stock_after_counts_down_by_one_also_when_two_functions_take_at_once(world: World) -> None:
    sku = world.stock(on_hand=100)
    placed = [world.place((sku, 1)) for _ in range(40)]
    reserved = [
        each
        for each in world.envelopes(*(order.order_id for order in placed))
        if each["detail-type"] == InventoryReserved.__name__
    ]
    halves = [[[each] for each in reserved[start::2]] for start in (0, 1)]
    with ThreadPoolExecutor(2) as both:
        list(both.map(_take, halves))
    assert sorted(each["stock_after"] for each in world.lake("inventory", *placed)) == list(range(60, 100))


BAD: dict[str, dict[str, Any]] = {
    "of-no-version": {"version": 99},
    "of-no-date": {"occurred_at": "0001-01-01T00:00:00+23:00"},
    "of-a-day-before-the-platform": {"occurred_at": "2025-12-31T23:59:59Z"},
    "of-a-day-to-come": {"occurred_at": "2999-12-31T10:00:00Z"},
    "of-half-a-character": {"order_id": "\ud800"},
    "that-the-database-refuses": {"event_id": "no UUID"},
    "that-the-database-cannot-hold": {"order_id": "nul \0"},
}


@pytest.mark.parametrize("spoilt", BAD.values(), ids=BAD)
@pytest.mark.parametrize("pipeline", [ORDERS, INVENTORY])
def test_a_bad_message_ends_among_the_dead_letters_after_three_receives_and_its_neighbours_are_done(
    world: World, pipeline: str, spoilt: dict[str, Any]
) -> None:
    sku = world.stock(on_hand=10)
    order = world.place((sku, 1))
    (good,) = (each for each in world.envelopes(order.order_id) if QUEUES[each["detail-type"]] == pipeline)
    bad = good | {"detail": good["detail"] | {"event_id": str(uuid4())} | spoilt}
    world.send(pipeline, [bad, good])
    mapping = world.mapping(pipeline)
    for _receive in (1, 2, 3):
        mapping.poll()
        assert world.is_processed(order) == (pipeline == ORDERS)
        assert world.on_hand(sku) == ((9, 0) if pipeline == INVENTORY else (10, 1))
        assert world.waiting() == {pipeline: 1}
    assert mapping.poll() == 0
    assert world.waiting() == {f"{pipeline} dead": 1}
    (dead,) = world.sqs.receive_message(QueueUrl=world.platform.dead_letters(pipeline))["Messages"]
    assert json.loads(dead["Body"]) == bad
    domain = "orders" if pipeline == ORDERS else "inventory"
    assert [each["event_id"] for each in world.lake(domain, order)] == [good["detail"]["event_id"]]


@pytest.mark.parametrize("kind", ["of-no-version", "of-a-day-to-come", "of-half-a-character"])
def test_a_bad_message_keeps_no_other_customer_from_being_told(world: World, kind: str) -> None:
    order = world.place((world.stock(on_hand=10), 1))
    good = world.envelopes(order.order_id)[0]
    bad = good | {"detail": good["detail"] | {"event_id": str(uuid4())} | BAD[kind]}
    world.send(NOTIFICATION, [bad, good])
    world.mapping(NOTIFICATION).drain()
    assert world.told(order) == [OrderPlaced.__name__]
    assert world.waiting() == {f"{NOTIFICATION} dead": 1}
