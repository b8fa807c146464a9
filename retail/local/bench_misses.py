"""Requests that the cache cannot answer though it is up: each for a product that nobody has asked for yet."""

from __future__ import annotations

from collections.abc import Iterator

import redis

from retail.local.cache import Cache
from retail.local.load import LoadError, get
from retail.runtime.database import Connection

PRODUCTS = 50_000
"""How many there are to be asked for once each: more than a round comes to."""

MORE = """
INSERT INTO products (sku, name, description, category, price_cents, currency, picture)
SELECT 'MISS-' || number, name, description, category, price_cents, currency, picture
FROM (SELECT * FROM products ORDER BY sku LIMIT 1) AS one, generate_series(1, %s) AS number
RETURNING sku
"""


class Misses:
    """Rounds of such requests. What a round leaves in the cache is forgotten before the next, outside of its time."""

    def __init__(self, connection: Connection, cache: Cache, products: int = PRODUCTS) -> None:
        """Fill the shop with so many products more, each like the first."""
        self._paths = [f"/api/products/{sku}" for (sku,) in connection.execute(MORE, [products])]
        connection.execute("ANALYZE products")
        self._cache = cache
        self._left: Iterator[str] = iter(())
        self._asked = 0

    def begin(self) -> None:
        """Begin a round with an empty cache."""
        with self._client() as client:
            client.flushall()
        self._left, self._asked = iter(self._paths), 0

    def request(self) -> bytes:
        """The next product's. Raises LoadError when the round has asked for all of them."""
        path = next(self._left, None)
        if path is None:
            raise LoadError(f"a round takes more than {len(self._paths)} products: let PRODUCTS be greater")
        self._asked += 1
        return get(path)

    def end(self) -> None:
        """Raises LoadError unless each answer of the round was one more entry of the cache, so a miss."""
        with self._client() as client:
            kept = int(client.dbsize())
        if kept != self._asked:
            raise LoadError(f"{self._asked} products were asked for, and {kept} are new in the cache")

    def _client(self) -> redis.Redis:
        cache = self._cache
        return redis.Redis(
            host=cache.host, port=cache.port, username=cache.user, password=cache.password,
            ssl=True, ssl_ca_certs=str(cache.certificate),
        )  # fmt: skip
