"""What the shop sells: read from the cache, else from the reader; slower without the cache, never wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Literal

from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, ConfigDict, Field

from retail.runtime import cache as keys
from retail.runtime.database import Connection
from retail.storefront.aside import NOTHING, Aside

SKU = re.compile(r"[A-Z0-9-]{3,32}", re.ASCII)
"""What a product's number looks like; the schema has the same."""

PAGE_SIZE = 24
MAX_PAGE_SIZE = 100
MAX_PAGE = 1_000
MAX_QUERY = 100
"""Longest search, in characters."""

FEW = 5
"""From how many pieces down a product is said to be nearly gone."""

Availability = Literal["in_stock", "few", "none"]


class Summary(BaseModel):
    """A product as listings show it. Prices are in the currency's smallest unit."""

    model_config = ConfigDict(frozen=True)

    sku: str = Field(pattern=f"^{SKU.pattern}$")
    name: str
    category: str
    price_cents: int = Field(ge=0)
    currency: str = Field(min_length=3, max_length=3)
    picture: str = Field(description="Path of the picture, below /images/.")
    availability: Availability


class Product(Summary):
    """A product as its own page shows it."""

    description: str
    available: int = Field(ge=0, description="Pieces that can be ordered.")
    version: int = Field(ge=1)


class Listing(BaseModel):
    """One page of products; pages count from 1."""

    model_config = ConfigDict(frozen=True)

    items: tuple[Summary, ...]
    total: int = Field(ge=0, description="How many products there are on all pages.")
    page: int = Field(ge=1)
    size: int = Field(ge=1, le=MAX_PAGE_SIZE)
    category: str | None
    query: str | None

    @property
    def pages(self) -> int:
        """How many pages there are, one at least."""
        return max(1, -(-self.total // self.size))


class Category(BaseModel):
    """A category, and how many products are in it."""

    model_config = ConfigDict(frozen=True)

    name: str
    products: int


class Catalogue:
    """The products, as JSON for the API and as objects for the pages; both come from the same cache entries.

    Every method that reads raises psycopg's errors when an entry is not cached and the reader does not answer.
    """

    def __init__(self, aside: Aside, reader: ConnectionPool[Connection]) -> None:
        self._aside = aside
        self._reader = reader

    def product(self, sku: str) -> Product | None:
        """A product that is for sale, or None."""
        found = self.product_json(sku)
        return None if found == NOTHING else Product.model_validate_json(found)

    def product_json(self, sku: str) -> bytes:
        """The same as JSON; NOTHING when there is no such product."""
        return self._aside.read(keys.product_key(sku), keys.PRODUCT_SECONDS, lambda: self._load_product(sku))

    def forget(self, skus: Iterable[str]) -> None:
        """Read these products anew: the writer has shown that what is kept of them is old."""
        self._aside.drop(*(keys.product_key(sku) for sku in skus))

    async def kept_product(self, sku: str) -> bytes | None:
        """The same if the cache has it, for the event loop."""
        return await self._aside.kept(keys.product_key(sku))

    def listing(self, category: str | None = None, page: int = 1, size: int = PAGE_SIZE) -> Listing:
        """A page of a category, or of all products, by name."""
        return Listing.model_validate_json(self.listing_json(category, None, page, size))

    def search(self, query: str, page: int = 1, size: int = PAGE_SIZE, category: str | None = None) -> Listing:
        """A page of the products that match a shopper's words, the best match first."""
        return Listing.model_validate_json(self.listing_json(category, query, page, size))

    def listing_json(self, category: str | None, query: str | None, page: int, size: int) -> bytes:
        """What `listing` or, with a query, `search` finds, as JSON."""
        seconds = keys.SEARCH_SECONDS if query else keys.LISTING_SECONDS
        return self._aside.read(
            _listing_key(category, query, page, size),
            seconds,
            lambda: self._load_listing(category, query, page, size),
        )

    async def kept_listing(self, category: str | None, query: str | None, page: int, size: int) -> bytes | None:
        """The same if the cache has it, for the event loop."""
        return await self._aside.kept(_listing_key(category, query, page, size))

    def categories(self) -> tuple[Category, ...]:
        """The categories by name."""
        found = self._aside.read(keys.CATEGORIES_KEY, keys.CATEGORIES_SECONDS, self._load_categories)
        return tuple(Category.model_validate(each) for each in json.loads(found))

    def _load_product(self, sku: str) -> bytes:
        rows = self._rows(PRODUCT, {"sku": sku, "few": FEW})
        return Product(**rows[0]).model_dump_json().encode() if rows else NOTHING

    def _load_listing(self, category: str | None, query: str | None, page: int, size: int) -> bytes:
        asked = {"category": category, "query": query, "limit": size, "offset": (page - 1) * size, "few": FEW}
        (row,) = self._rows(SEARCH if query else LISTING, asked)
        return Listing(**row, page=page, size=size, category=category, query=query).model_dump_json().encode()

    def _load_categories(self) -> bytes:
        return json.dumps(self._rows(CATEGORIES, {})).encode()

    def _rows(self, statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        with self._reader.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, values).fetchall()


def _listing_key(category: str | None, query: str | None, page: int, size: int) -> str:
    # No query holds a line's end, so that none looks like another in a category.
    return (
        keys.search_key(f"{query}\n{category or ''}", page, size) if query else keys.listing_key(category, page, size)
    )


SHOWN = """
sku, name, category, price_cents, currency, picture,
CASE WHEN available = 0 THEN 'none' WHEN available <= %(few)s THEN 'few' ELSE 'in_stock' END AS availability
"""

FOR_SALE = """
SELECT products.*, greatest(coalesce(on_hand - reserved, 0), 0) AS available
FROM products LEFT JOIN stock USING (sku)
WHERE is_active
"""

PRODUCT = f"""
SELECT {SHOWN}, description, available, version
FROM ({FOR_SALE}) AS for_sale
WHERE sku = %(sku)s
"""

PAGE = f"""
SELECT (SELECT count(*) FROM found) AS total,
       (SELECT coalesce(json_agg(page), '[]') FROM (
            SELECT {SHOWN} FROM found ORDER BY rank DESC, name, sku LIMIT %(limit)s OFFSET %(offset)s
        ) AS page) AS items
"""

LISTING = f"""
WITH found AS (
    SELECT *, 0 AS rank FROM ({FOR_SALE}) AS for_sale
    WHERE %(category)s::text IS NULL OR category = %(category)s
)
{PAGE}
"""

SEARCH = f"""
WITH found AS (
    SELECT *, ts_rank(search, words) AS rank
    FROM ({FOR_SALE}) AS for_sale, websearch_to_tsquery('english', %(query)s) AS words
    WHERE search @@ words AND (%(category)s::text IS NULL OR category = %(category)s)
)
{PAGE}
"""

CATEGORIES = "SELECT category AS name, count(*) AS products FROM products WHERE is_active GROUP BY 1 ORDER BY 1"
