"""Parts that fail while an order is on its way: when they are back, nothing is lost and nothing is done twice."""

from __future__ import annotations

import json
import signal
import threading
import time
from typing import Any

import boto3
import pytest

from retail.contracts.events import InventoryReserved, OrderPlaced, OrderShipped
from retail.local.cache import Cache as LocalCache
from retail.local.postgres import Postgres
from retail.runtime.cache import product_key
from tests.proof.conftest import forget_parts
from tests.proof.platform import PIPELINES
from tests.proof.refusing import bus_that_refuses, s3_that_refuses
from tests.proof.world import CARD, CUSTOMER, INVENTORY, ORDERS, World, eventually, is_refused

SHOPPER_WAITS_SECONDS = 0.5


def test_the_database_goes_in_the_middle_of_a_batch(world: World, postgres: Postgres) -> None:
    sku = world.stock(on_hand=10)
    orders = [world.place((sku, 1)) for _ in range(3)]
    world.publish()
    holder = world.open_connection()
    holder.execute("BEGIN")
    holder.execute("SELECT FROM stock WHERE sku = %s FOR UPDATE", [sku])
    batch = threading.Thread(target=world.mapping(INVENTORY).poll)
    batch.start()
    eventually(lambda: world.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
    postgres.stop()
    try:
        batch.join(60)
        assert not batch.is_alive()
        assert is_refused(world.open_connection)
        assert world.mapping(INVENTORY).waiting() == 3
        world.mapping(ORDERS).poll()
        assert world.mapping(ORDERS).waiting() == 3
    finally:
        postgres.start()
        holder.close()
    assert world.on_hand(sku) == (10, 3)
    world.work()
    assert world.on_hand(sku) == (7, 0)
    assert all(world.is_processed(order) for order in orders)
    assert [len(world.lake("inventory", order)) for order in orders] == [1, 1, 1]
    assert world.waiting() == {}


def test_the_cache_goes_and_shoppers_and_functions_go_on(world: World, shop_cache: LocalCache) -> None:
    sku = world.stock(on_hand=10)
    eventually(lambda: world.catalogue.product(sku))
    order = world.place((sku, 4))
    world.publish()
    shop_cache.stop()
    try:
        world.work()
        assert world.on_hand(sku) == (6, 0)
        eventually(lambda: _available(world, sku) == 6)
        assert world.waiting() == {}
    finally:
        shop_cache.start()
    # After its pause the storefront finds the cache again, which has nothing of before.
    eventually(lambda: _available(world, sku) == 6 and world.cache.get(product_key(sku)))
    assert world.told(order) == [OrderPlaced.__name__]


def test_a_cache_that_hangs_keeps_a_shopper_only_for_a_moment(world: World, shop_cache: LocalCache) -> None:
    sku = world.stock(on_hand=10)
    front = shop_cache.servers[-1].child
    assert front is not None

    def waited() -> float:
        """How many seconds a shopper waits when the cache begins to hang."""
        eventually(lambda: world.catalogue.product(sku) and world.cache.get(product_key(sku)))
        front.send_signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert _available(world, sku) == 10
            return time.monotonic() - began
        finally:
            front.send_signal(signal.SIGCONT)

    # A busy machine may hold one of them up, not five one after the other.
    assert any(waited() < SHOPPER_WAITS_SECONDS for _ in range(5))


def test_s3_refuses_what_the_functions_archive(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sku = world.stock(on_hand=10)
    order = world.place((sku, 4))
    world.publish()
    with s3_that_refuses() as url, monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", url)
        forget_parts()
        for pipeline in (ORDERS, INVENTORY):
            world.mapping(pipeline).poll()
            assert world.mapping(pipeline).waiting() == 1
        assert world.on_hand(sku) == (6, 0)
        assert world.lake("orders", order) + world.lake("inventory", order) == []
    forget_parts()
    world.work()
    assert world.on_hand(sku) == (6, 0)
    assert len(world.lake("orders", order)) == 1
    assert [each["stock_after"] for each in world.lake("inventory", order)] == [6]
    assert world.waiting() == {}


def test_s3_refuses_what_the_storefront_archives(world: World) -> None:
    order = world.place((world.stock(on_hand=1), 1))
    world.orders().pay(order.order_id, CUSTOMER, CARD)
    world.orders().ship(order.order_id, "Parcel Post", "PP-1")
    with s3_that_refuses() as url:
        relay = world.relay()
        relay._s3 = boto3.client("s3", endpoint_url=url)
        relay.publish()
    assert world.unpublished(order) == 1
    relay = world.relay()
    relay.start()
    eventually(lambda: not world.unpublished(order))
    relay.stop(60)
    world.work()
    kinds = [each["event_type"] for each in world.lake("orders", order)]
    assert kinds.count(OrderShipped.__name__) == 1
    assert sorted(world.told(order)) == [OrderPlaced.__name__, OrderShipped.__name__]


def test_the_bus_refuses_some_entries_and_takes_them_later(world: World) -> None:
    skus = [world.stock(on_hand=10) for _ in range(4)]
    order = world.place(*((sku, 1) for sku in skus))
    refused: list[dict[str, Any]] = []

    def refuses(entry: dict[str, Any]) -> bool:
        """The second and the fourth line's event, each once."""
        detail = json.loads(entry["Detail"])
        if detail.get("sku") not in sorted(skus)[1::2] or detail["event_id"] in refused:
            return False
        refused.append(detail["event_id"])
        return True

    with bus_that_refuses(world.platform.aws.url, refuses) as url:
        relay = world.relay()
        relay._events = boto3.client("events", endpoint_url=url)
        relay.publish()
        assert len(refused) == 2
        assert world.unpublished(order) == 2
        assert world.mapping(INVENTORY).waiting() == 2
        relay.start()
        eventually(lambda: not world.unpublished(order))
        relay.stop(60)
    assert [world.mapping(pipeline).waiting() for pipeline in PIPELINES] == [1, 4, 1]
    world.work()
    assert [world.on_hand(sku) for sku in skus] == [(9, 0)] * 4
    assert {each["event_type"] for each in world.lake("inventory", order)} == {InventoryReserved.__name__}
    assert world.told(order) == [OrderPlaced.__name__]


def _available(world: World, sku: str) -> int:
    product = world.catalogue.product(sku)
    assert product is not None
    return product.available
