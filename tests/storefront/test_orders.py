"""Placing orders when many do so at once, or one does so twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest

from retail.contracts.events import ContractError, parse
from retail.storefront.carts import CartLine
from retail.storefront.order_types import (
    KeyReusedError,
    MixedCurrenciesError,
    Order,
    OutOfStockError,
)
from retail.storefront.payments import Card, Sandbox
from retail.storefront.shop import CONNECTIONS, Shop
from tests.storefront.conftest import World

SHOPPERS = 20
CARD = Card(number=Sandbox.ACCEPTED, expiry="04/31", code="123")


def lines(**quantities: int) -> list[CartLine]:
    return [CartLine(sku=sku.replace("_", "-"), quantity=quantity) for sku, quantity in quantities.items()]


@pytest.fixture(autouse=True)
def wide(shop: Shop) -> None:
    """All connections are there, or a single one would serve everybody in turn."""
    all_have_one = Barrier(CONNECTIONS, timeout=60)

    def hold(_: int) -> None:
        with shop.writer.connection():
            all_have_one.wait()

    at_once(CONNECTIONS, hold)
    assert shop.writer.get_stats()["pool_size"] == CONNECTIONS


def at_once(number: int, work: Any) -> list[Any]:
    """What each of so many threads finds when all begin together; an error counts as found."""
    barrier = Barrier(number)

    def run(index: int) -> Any:
        barrier.wait()
        try:
            return work(index)
        except Exception as error:
            return error

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(run, range(number)))


def test_of_five_pieces_twenty_shoppers_get_five(world: World, shop: Shop) -> None:
    sku = world.product(stock=5)
    found = at_once(SHOPPERS, lambda index: shop.orders.checkout(f"c{index}", [CartLine(sku=sku, quantity=1)], "k"))
    assert sum(isinstance(each, Order) for each in found) == 5
    assert sum(isinstance(each, OutOfStockError) for each in found) == SHOPPERS - 5
    assert world.one("SELECT reserved FROM stock WHERE sku = %s", sku) == 5
    assert world.one("SELECT sum(quantity)::int FROM order_lines WHERE sku = %s", sku) == 5


def test_orders_of_the_same_products_in_any_order_never_block_each_other(world: World, shop: Shop) -> None:
    first, second = world.product(stock=99), world.product(stock=99)
    both = [CartLine(sku=first, quantity=1), CartLine(sku=second, quantity=1)]
    found = at_once(SHOPPERS, lambda index: shop.orders.checkout(f"d{index}", both if index % 2 else both[::-1], "k"))
    assert all(isinstance(each, Order) for each in found), found


def test_the_same_key_twice_at_once_is_one_order(world: World, shop: Shop) -> None:
    customer_id, sku = str(uuid4()), world.product(stock=5)
    found = at_once(8, lambda _: shop.orders.checkout(customer_id, [CartLine(sku=sku, quantity=5)], "once"))
    assert [each.order_id for each in found] == [found[0].order_id] * 8
    assert world.one("SELECT reserved FROM stock WHERE sku = %s", sku) == 5
    assert world.one("SELECT count(*) FROM orders WHERE customer_id = %s", customer_id) == 1


def test_the_same_key_of_another_shopper_is_another_order(world: World, shop: Shop) -> None:
    sku = world.product()
    one, other = (shop.orders.checkout(str(uuid4()), [CartLine(sku=sku, quantity=1)], "same") for _ in range(2))
    assert one.order_id != other.order_id


def test_a_key_is_not_taken_for_another_order(world: World, shop: Shop) -> None:
    customer_id, sku = str(uuid4()), world.product()
    shop.orders.checkout(customer_id, [CartLine(sku=sku, quantity=1)], "key")
    with pytest.raises(KeyReusedError):
        shop.orders.checkout(customer_id, [CartLine(sku=sku, quantity=2)], "key")


def test_an_order_keeps_the_price_of_its_moment(world: World, shop: Shop) -> None:
    customer_id, sku = str(uuid4()), world.product(price_cents=1000)
    placed = shop.orders.checkout(customer_id, [CartLine(sku=sku, quantity=2)], "key")
    world.writer.execute("UPDATE products SET price_cents = 1 WHERE sku = %s", [sku])
    assert shop.orders.order(placed.order_id, customer_id).total_cents == 2000


def test_the_price_is_the_writers_though_the_cache_still_has_the_old_one(world: World, shop: Shop) -> None:
    sku = world.product(price_cents=1000)
    shop.catalogue.product(sku)
    world.writer.execute("UPDATE products SET price_cents = 1500 WHERE sku = %s", [sku])
    assert shop.orders.checkout(str(uuid4()), [CartLine(sku=sku, quantity=1)], "key").total_cents == 1500


def test_an_order_of_two_currencies_is_refused(world: World, shop: Shop) -> None:
    euros, dollars = world.product(currency="EUR"), world.product(currency="USD")
    with pytest.raises(MixedCurrenciesError):
        shop.orders.checkout("c", [CartLine(sku=sku, quantity=1) for sku in (euros, dollars)], str(uuid4()))


@pytest.mark.parametrize(
    ("product", "field"), [({"currency": "eur"}, "currency"), ({"price_cents": 10_000_000_001}, "total_cents")]
)
def test_an_order_that_no_reader_of_its_events_would_take_is_not_placed(
    world: World, shop: Shop, product: dict[str, Any], field: str
) -> None:
    customer_id, sku = str(uuid4()), world.product(**product)
    with pytest.raises(ContractError, match=rf"^OrderPlaced\.{field}: expected "):
        shop.orders.checkout(customer_id, [CartLine(sku=sku, quantity=1)], "key")
    assert shop.orders.history(customer_id) == ()
    assert world.one("SELECT reserved FROM stock WHERE sku = %s", sku) == 0


def test_an_order_and_its_events_are_written_together(world: World, shop: Shop) -> None:
    first, second = sorted([world.product(), world.product()])
    wanted = [CartLine(sku=second, quantity=2), CartLine(sku=first, quantity=1), CartLine(sku=second, quantity=1)]
    order = shop.orders.checkout("c", wanted, str(uuid4()))
    rows = world.writer.execute(
        "SELECT detail_type, detail, event_id::text FROM outbox WHERE detail->>'order_id' = %s ORDER BY id",
        [str(order.order_id)],
    ).fetchall()
    events = [parse({"source": "retail.storefront", "detail-type": row[0], "detail": row[1]}) for row in rows]
    assert [type(event).__name__ for event in events] == ["OrderPlaced", "InventoryReserved", "InventoryReserved"]
    assert [event.event_id for event in events] == [row[2] for row in rows]
    reserved = {event.sku: event.quantity for event in events[1:]}  # type: ignore[attr-defined]
    assert reserved == {first: 1, second: 3}
    assert events[0].total_cents == order.total_cents == 4 * 1250  # type: ignore[attr-defined]


def test_an_order_that_cannot_tell_of_itself_is_not_placed(world: World, shop: Shop) -> None:
    customer_id, sku = str(uuid4()), world.product()
    world.writer.execute(
        "ALTER TABLE outbox ADD CONSTRAINT broken CHECK (detail_type <> 'InventoryReserved') NOT VALID"
    )
    try:
        with pytest.raises(Exception, match="broken"):
            shop.orders.checkout(customer_id, [CartLine(sku=sku, quantity=1)], "key")
    finally:
        world.writer.execute("ALTER TABLE outbox DROP CONSTRAINT broken")
    assert shop.orders.history(customer_id) == ()
    assert world.one("SELECT reserved FROM stock WHERE sku = %s", sku) == 0


def test_an_order_paid_twice_at_once_is_paid_once(world: World, shop: Shop) -> None:
    order = shop.orders.checkout("p", [CartLine(sku=world.product(), quantity=1)], str(uuid4()))
    found = at_once(6, lambda _: shop.orders.pay(order.order_id, "p", CARD))
    assert [each.status for each in found] == ["paid"] * 6
    told = "SELECT count(*) FROM outbox WHERE detail_type = 'PaymentProcessed' AND detail->>'order_id' = %s"
    assert world.one(told, str(order.order_id)) == 1


def test_a_cards_number_does_not_show() -> None:
    assert Sandbox.ACCEPTED not in repr(CARD)
    assert "123" not in repr(CARD)
