"""What the benchmark calls uncached is a miss of a cache that is up."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from retail.local.bench_misses import Misses
from retail.local.cache import Cache
from retail.local.load import LoadError
from retail.local.postgres import Postgres
from retail.runtime import cache
from retail.runtime.database import connect
from retail.storefront.seed.load import load as fill
from tests.parts import own_database

PRODUCTS = 3


@pytest.fixture
def misses(postgres: Postgres, shop_cache: Cache, monkeypatch: pytest.MonkeyPatch) -> Iterator[Misses]:
    """A round that has begun, of three products."""
    monkeypatch.setenv("SSL_CERT_FILE", str(shop_cache.certificate))
    target = own_database(postgres, f"bench_{uuid4().hex}")
    monkeypatch.setenv("PGSSLROOTCERT", str(postgres.certificate))
    with connect(target, postgres.user, postgres.password, statement_timeout_ms=30_000) as connection:
        fill(connection)
        made = Misses(connection, shop_cache, PRODUCTS)
        made.begin()
        yield made


@pytest.fixture
def kept(shop_cache: Cache) -> cache.Cache:
    login = cache.password(shop_cache.user, shop_cache.password)
    return cache.Cache(lambda: cache.connect(shop_cache.host, shop_cache.port, login, seconds=30))


def answer(misses: Misses, kept: cache.Cache) -> str:
    """What the shop does with the next request: it looks into the cache, and keeps what it had to load."""
    sku = misses.request().split()[1].decode().rpartition("/")[2]
    kept.add(cache.product_key(sku), b"{}", 300)
    return sku


def test_a_round_asks_for_each_product_once_and_says_when_there_are_too_few(misses: Misses, kept: cache.Cache) -> None:
    assert sorted(answer(misses, kept) for _ in range(PRODUCTS)) == ["MISS-1", "MISS-2", "MISS-3"]
    misses.end()
    with pytest.raises(LoadError, match="a round takes more than 3 products"):
        misses.request()


def test_the_next_round_finds_nothing_in_the_cache(misses: Misses, kept: cache.Cache) -> None:
    first = answer(misses, kept)
    misses.begin()
    assert kept.get(cache.product_key(first)) is None
    assert answer(misses, kept) == first
    misses.end()


def test_an_answer_that_leaves_no_entry_was_no_miss_and_ends_the_benchmark(misses: Misses, kept: cache.Cache) -> None:
    answer(misses, kept)
    misses.request()
    with pytest.raises(LoadError, match="2 products were asked for, and 1 are new in the cache"):
        misses.end()
