"""Reading through the cache: once for all who ask at once, and never wrong when there is no cache."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from retail.runtime import cache as keys
from retail.storefront import aside as asides
from retail.storefront.aside import NOTHING, Aside
from retail.storefront.hot import HotReader
from retail.storefront.shop import Shop
from tests.storefront.conftest import World, wait_until


class Source:
    """Something slow to load, and how often it was loaded."""

    def __init__(self) -> None:
        self.loads = 0
        self._lock = Lock()

    def __call__(self) -> bytes:
        with self._lock:
            self.loads += 1
        time.sleep(0.05)
        return b'{"a": 1}'


def aside(world: World) -> Aside:
    """Cache-aside as another process has it."""
    login = world.login(world.endpoints)
    host, port = world.cache.host, world.cache.port
    return Aside(keys.Cache(lambda: keys.connect(host, port, login)), HotReader(host, port, login))


def read_at_once(sides: list[Aside], key: str, source: Source) -> list[bytes]:
    barrier = Barrier(len(sides))

    def read(side: Aside) -> bytes:
        barrier.wait()
        return side.read(key, 30, source)

    with ThreadPoolExecutor(len(sides)) as threads:
        return list(threads.map(read, sides))


@pytest.fixture
def no_cache(world: World) -> Iterator[None]:
    """The cache is gone for a while."""
    world.cache.stop()
    yield
    world.cache.start()


def test_whoever_misses_at_once_in_a_process_loads_once(world: World) -> None:
    source, side = Source(), aside(world)
    assert set(read_at_once([side] * 16, "stampede:{one}", source)) == {b'{"a": 1}'}
    assert source.loads == 1


def test_processes_that_miss_at_once_load_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # However long the one that loads is kept from it here, it is not too long.
    monkeypatch.setattr(asides, "WAIT_SECONDS", 60)
    monkeypatch.setattr(asides, "LOADING_SECONDS", 60)
    source, sides = Source(), [aside(world) for _ in range(4)]
    for side in sides:
        side.read(f"warm:{{{id(side)}}}", 30, lambda: b"1")
    assert set(read_at_once(sides, "stampede:{many}", source)) == {b'{"a": 1}'}
    assert source.loads == 1


def test_a_process_that_died_while_it_loaded_holds_nobody_up_for_long(world: World) -> None:
    source, side = Source(), aside(world)
    login = world.login(world.endpoints)
    dead = keys.Cache(lambda: keys.connect(world.cache.host, world.cache.port, login))
    # Its turn lasts far longer than such turns do, so that nobody can mistake its end for an end of patience.
    assert dead.add("stampede:{dead}:loading", b"1", 120)
    started = time.monotonic()
    assert side.read("stampede:{dead}", 30, source) == b'{"a": 1}'
    assert time.monotonic() - started < 30


def test_an_error_reaches_all_who_wait_and_is_not_kept(world: World) -> None:
    side = aside(world)

    def fail() -> bytes:
        raise ValueError("no database")

    for _ in range(2):
        with pytest.raises(ValueError, match="no database"):
            side.read("stampede:{broken}", 30, fail)
    assert side.read("stampede:{broken}", 30, Source()) == b'{"a": 1}'


def test_what_is_not_there_is_not_kept(world: World) -> None:
    side = aside(world)
    assert side.read("stampede:{nothing}", 30, lambda: NOTHING) == NOTHING
    assert side.read("stampede:{nothing}", 30, Source()) == b'{"a": 1}'


def test_the_second_read_of_a_product_asks_no_database(world: World, visitor: TestClient) -> None:
    sku = world.product(price_cents=1000)
    assert visitor.get(f"/api/products/{sku}").json()["price_cents"] == 1000
    world.writer.execute("UPDATE products SET price_cents = 1 WHERE sku = %s", [sku])
    world.catch_up()
    assert visitor.get(f"/api/products/{sku}").json()["price_cents"] == 1000


def test_a_dropped_product_is_read_again(world: World, visitor: TestClient, shop: Shop) -> None:
    sku = world.product(stock=5)
    assert visitor.get(f"/api/products/{sku}").json()["available"] == 5
    world.writer.execute("UPDATE stock SET on_hand = 2 WHERE sku = %s", [sku])
    world.catch_up()
    assert shop.cache.drop(keys.product_key(sku))
    assert visitor.get(f"/api/products/{sku}").json()["available"] == 2


def test_pages_and_api_read_the_same_entries(world: World, visitor: TestClient, shop: Shop) -> None:
    sku = world.product()
    product = shop.catalogue.product(sku)
    assert product
    assert visitor.get(f"/api/products/{sku}").json() == product.model_dump()
    assert shop.catalogue.product("NO-SUCH-THING") is None


def test_products_come_from_the_reader_and_orders_from_the_writer(world: World, customer: TestClient) -> None:
    sku = world.product(stock=5)
    lagging = world.postgres.servers[1]
    lagging.stop()
    try:
        headers = {"Idempotency-Key": "lag"}
        placed = customer.post("/api/orders", json={"items": [{"sku": sku, "quantity": 1}]}, headers=headers)
        assert placed.status_code == 201
        assert customer.get(f"/api/orders/{placed.json()['order_id']}").json() == placed.json()
        assert [each["order_id"] for each in customer.get("/api/orders").json()] == [placed.json()["order_id"]]
        unread = customer.get("/api/products", params={"category": "not asked for before", "size": 7})
        assert (unread.status_code, unread.headers["retry-after"]) == (503, "5")
    finally:
        lagging.start()
    wait_until(lambda: customer.get("/readyz").status_code == 200)


@pytest.mark.usefixtures("no_cache")
def test_without_the_cache_the_shop_is_slower_and_right(world: World, visitor: TestClient) -> None:
    sku = world.product(price_cents=1000)
    for price in (1000, 1100):
        world.writer.execute("UPDATE products SET price_cents = %s WHERE sku = %s", [price, sku])
        world.catch_up()
        found = visitor.get(f"/api/products/{sku}")
        assert (found.status_code, found.json()["price_cents"]) == (200, price)
    assert visitor.get("/api/products").status_code == 200
    ready = visitor.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"missing": [], "degraded": ["cache"]})


def test_the_cache_is_used_again_when_it_is_back(world: World, visitor: TestClient) -> None:
    world.cache.stop()
    try:
        sku = world.product()
        assert visitor.get(f"/api/products/{sku}").status_code == 200
    finally:
        world.cache.start()
    wait_until(lambda: visitor.get("/readyz").json()["degraded"] == [])
    world.writer.execute("UPDATE products SET price_cents = 1 WHERE sku = %s", [sku])
    world.catch_up()
    wait_until(lambda: visitor.get(f"/api/products/{sku}").json()["price_cents"] == 1)
    world.writer.execute("UPDATE products SET price_cents = 2 WHERE sku = %s", [sku])
    world.catch_up()
    assert visitor.get(f"/api/products/{sku}").json()["price_cents"] == 1


def test_every_entry_lives_as_long_as_what_it_says_may_be_old(world: World, visitor: TestClient) -> None:
    sku, word = world.product(), f"zq{uuid4().hex[:8]}"
    lifetimes = {
        keys.product_key(sku): 300,
        keys.listing_key(None, 1, 9): 30,
        keys.search_key(f"{word}\n", 1, 24): 60,
        "categories": 30,
        "ready": 30,
    }
    client = keys.connect(world.cache.host, world.cache.port, world.login(world.endpoints))
    client.flushall()
    asked = (f"/api/products/{sku}", "/api/products?size=9", f"/api/products?q={word}", "/api/categories", "/readyz")
    for path in asked:
        assert visitor.get(path).status_code == 200
    left = {key: client.ttl(key) for key in lifetimes}
    assert all(seconds - 15 < left[key] <= seconds for key, seconds in lifetimes.items()), left
    assert [key for key in client.scan_iter() if client.ttl(key) == -1] == [], "what never ends is never evicted"
