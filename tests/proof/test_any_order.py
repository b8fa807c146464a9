"""Any orders, delivered in any order and however often: the end is the same, and the stock adds up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retail.storefront.order_types import Order, OutOfStockError
from tests.proof.service import Context
from tests.proof.world import CARD, CUSTOMER, HANDLERS, INVENTORY, ORDERS, QUEUES, World

PRODUCTS = 3
MOST_DELIVERIES = 3
"""How often an event is delivered at the most, in one go."""

stocks = st.lists(st.integers(0, 12), min_size=PRODUCTS, max_size=PRODUCTS)
wishes = st.lists(
    st.tuples(st.dictionaries(st.integers(0, PRODUCTS - 1), st.integers(1, 6), min_size=1), st.booleans()),
    min_size=1,
    max_size=4,
)
"""What shoppers want, pieces by product, and whether they pay."""


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(on_hand=stocks, wanted=wishes, is_lost=st.booleans(), data=st.data())
def test_stock_adds_up_and_orders_end_alike_in_any_order_of_events(
    world: World, on_hand: list[int], wanted: list[tuple[dict[int, int], bool]], is_lost: bool, data: st.DataObject
) -> None:
    world.empty_lake()
    skus = [world.stock(count) for count in on_hand]
    orders = list(placed(world, skus, wanted))
    reserved = [sum(line.quantity for order in orders for line in order.lines if line.sku == sku) for sku in skus]
    assert [world.on_hand(sku) for sku in skus] == list(zip(on_hand, reserved, strict=True))
    rows = [world.order(order) for order in orders]
    if is_lost:
        with world.writer.connection() as connection:
            connection.execute("DELETE FROM orders WHERE order_id = ANY(%s)", [[order.order_id for order in orders]])
    envelopes = world.envelopes(*(order.order_id for order in orders))

    for _ in range(2):
        times = data.draw(st.lists(st.integers(1, MOST_DELIVERIES), min_size=len(envelopes), max_size=len(envelopes)))
        repeated = [each for each, often in zip(envelopes, times, strict=True) for _ in range(often)]
        for batch in cut(data.draw, data.draw(st.permutations(repeated))):
            deliver(batch)
            assert all(left >= 0 and held >= 0 for left, held in map(world.on_hand, skus))
        left = [count - gone for count, gone in zip(on_hand, reserved, strict=True)]
        assert [world.on_hand(sku) for sku in skus] == [(count, 0) for count in left]
        assert [world.order(order) for order in orders] == rows
        assert all(world.is_processed(order) for order in orders)
    archive = world.lake("inventory", *orders)
    taken = {each["event_id"]: each["quantity"] for each in archive}
    assert sum(taken.values()) == sum(reserved)
    told = {json.dumps(each) for each in archive}
    assert len(told) == len(taken), "an event is told alike however often it comes"
    for sku, count in zip(skus, on_hand, strict=True):
        rests = sorted((each["stock_after"], each["quantity"]) for each in map(json.loads, told) if each["sku"] == sku)
        # Each took its pieces off what the one before it had left, from the first to the last.
        assert [rest + quantity for rest, quantity in rests] == [*(rest for rest, _ in rests), count][1:]


def placed(world: World, skus: list[str], wanted: list[tuple[dict[int, int], bool]]) -> Iterator[Order]:
    """The orders that the storefront takes; what there is not enough of it refuses."""
    for pieces, is_paid in wanted:
        try:
            order = world.place(*((skus[product], quantity) for product, quantity in pieces.items()))
        except OutOfStockError:
            continue
        if is_paid:
            world.orders().pay(order.order_id, CUSTOMER, CARD)
        yield order


def cut(draw: Any, envelopes: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Cut into batches as a queue might."""
    while envelopes:
        size = draw(st.integers(1, 10))
        yield envelopes[:size]
        envelopes = envelopes[size:]


def deliver(envelopes: list[dict[str, Any]]) -> None:
    """Call each function with those of the batch that its queue would hold."""
    for queue in (ORDERS, INVENTORY):
        mine = [each for each in envelopes if QUEUES[each["detail-type"]] == queue]
        records = [{"messageId": str(number), "body": json.dumps(each)} for number, each in enumerate(mine)]
        if records:
            assert HANDLERS[queue]({"Records": records}, Context()) == {"batchItemFailures": []}
