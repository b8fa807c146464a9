"""A reader that lags behind the writer: shoppers see their own orders at once, and no old stock for long."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from retail.runtime import cache as keys
from retail.storefront.payments import Sandbox
from retail.storefront.shop import Shop
from tests.storefront.conftest import World, wait_until

LAG = "recovery_min_apply_delay = '1h'\n"


class Lag:
    """Lets the hot standby fall behind, as its user is none who may pause it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._reader = world.postgres.servers[1]
        self._settings = Path(self._reader.command[self._reader.command.index("-D") + 1]) / "postgresql.conf"
        self._before = self._settings.read_text()

    def begin(self) -> None:
        """From now on nothing new is seen by the reader."""
        self._set(self._before + LAG)
        wait_until(self._is_behind)

    def end(self) -> None:
        """The reader catches up."""
        self._set(self._before)
        self._world.catch_up()

    def _set(self, settings: str) -> None:
        self._settings.write_text(settings)
        assert self._reader.child
        self._reader.child.send_signal(signal.SIGHUP)

    def _is_behind(self) -> bool:
        with self._world.reader() as reader:
            if reader.execute("SHOW recovery_min_apply_delay").fetchone() != ("1h",):
                # It may be behind by being slow, and catch up.
                return False
        # A transaction with a number of its own, so that there is a commit to lag behind.
        self._world.writer.execute("SELECT pg_current_xact_id()")
        position = self._world.one("SELECT pg_current_wal_lsn()")
        time.sleep(0.2)
        with self._world.reader() as reader:
            return reader.execute("SELECT pg_last_wal_replay_lsn() < %s::pg_lsn", [position]).fetchone() == (True,)


@pytest.fixture
def lag(world: World, visitor: TestClient) -> Iterator[Lag]:
    """Ends with the test."""
    made = Lag(world)
    yield made
    made.end()


def test_a_shopper_sees_their_own_order_at_once_from_cart_to_payment(
    world: World, customer: TestClient, lag: Lag
) -> None:
    sku = world.product(stock=5)
    lag.begin()
    customer.put(f"/api/cart/{sku}", json={"quantity": 2})
    placed = customer.post("/api/checkout", headers={"Idempotency-Key": str(uuid4())})
    assert placed.status_code == 201
    address = f"/orders/{placed.json()['order_id']}"
    assert customer.get(f"/api{address}").json() == placed.json()
    assert customer.get("/api/orders").json() == [placed.json()]
    assert customer.get(address).status_code == 200
    card = {"number": Sandbox.ACCEPTED, "expiry": "04/31", "code": "123"}
    assert customer.post(f"/api{address}/payment", json=card).json()["status"] == "paid"
    assert customer.get(f"/api{address}").json()["status"] == "paid"
    with world.reader() as reader:
        assert reader.execute("SELECT count(*) FROM orders WHERE order_id = %s", [address[8:]]).fetchone() == (0,)


def test_a_lagging_reader_never_oversells(world: World, customer: TestClient, lag: Lag) -> None:
    sku = world.product(stock=2)
    lag.begin()
    body = {"items": [{"sku": sku, "quantity": 2}]}
    codes = [
        customer.post("/api/orders", json=body, headers={"Idempotency-Key": str(uuid4())}).status_code for _ in range(2)
    ]
    assert codes == [201, 409]


def test_old_stock_that_a_lagging_reader_tells_is_not_kept_beyond_its_lag(
    world: World, visitor: TestClient, shop: Shop, lag: Lag, monkeypatch: pytest.MonkeyPatch
) -> None:
    sku = world.product(stock=5)
    address, key = f"/api/products/{sku}", keys.product_key(sku)
    assert visitor.get(address).json()["available"] == 5
    lag.begin()
    # As the inventory handler does it: first the stock, then the cache.
    world.writer.execute("UPDATE stock SET on_hand = 2 WHERE sku = %s", [sku])
    with monkeypatch.context() as patch:
        # The bar is still there when this has looked, however long that takes.
        patch.setattr(keys, "SETTLING_SECONDS", 60)
        assert shop.cache.drop(key)
        assert visitor.get(address).json()["available"] == 5, "the reader knows no better"
        assert shop.cache.get(key) is None, "but that is not kept"
    # The reader lags longer than the bar lasts, and somebody looks at the product all the while.
    assert shop.cache.drop(key)
    wait_until(lambda: visitor.get(address).status_code == 200 and shop.cache.get(key) is not None)
    lag.end()
    wait_until(lambda: visitor.get(address).json()["available"] == 2)


def test_no_page_fails_while_the_reader_lags(world: World, customer: TestClient, lag: Lag) -> None:
    known = world.product(stock=5)
    lag.begin()
    row = {"sku": f"T-{uuid4().hex[:12].upper()}", "category": f"New {uuid4().hex}"}
    world.writer.execute(
        "INSERT INTO products (sku, name, description, category, price_cents, currency, picture)"
        " VALUES (%(sku)s, 'Vase', 'Tall.', %(category)s, 900, 'EUR', '/images/mug.svg')",
        row,
    )
    world.writer.execute("INSERT INTO stock (sku, on_hand) VALUES (%(sku)s, 3)", row)
    found = {
        path: customer.get(path).status_code
        for sku in (known, row["sku"])
        for path in (
            "/",
            "/products?q=vase",
            f"/products/{sku}",
            f"/api/products/{sku}",
            f"/api/products/{sku}/recommendations",
            "/api/categories",
            "/cart",
            "/orders",
            "/readyz",
        )
    }
    unknown = {path for path, status in found.items() if status == 404}
    assert unknown == {
        f"/products/{row['sku']}",
        f"/api/products/{row['sku']}",
        f"/api/products/{row['sku']}/recommendations",
    }, "what is new is not there yet"
    assert set(found.values()) == {200, 404}
    body = {"items": [{"sku": row["sku"], "quantity": 1}]}
    placed = customer.post("/api/orders", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert placed.status_code == 201, "the writer has it"
    assert customer.get(f"/orders/{placed.json()['order_id']}").status_code == 200
