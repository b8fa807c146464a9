"""Put the seed's products on the shelf: as often as one likes, also beside one another and beside an open shop."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from psycopg.rows import dict_row

from retail.contracts.lake import COLUMNS
from retail.runtime.database import Connection
from retail.storefront.seed.products import CURRENCY, products


def load(connection: Connection) -> list[dict[str, Any]]:
    """Add the products that are not there and mend those that differ; returns these as the lake's raw records.

    What was sold stays sold: stock that is there is left alone. Run it within a transaction.
    """
    every = list(products().values())
    with connection.cursor(row_factory=dict_row) as cursor:
        changed = cursor.execute(
            PRODUCTS,
            {
                "skus": [product.sku for product in every],
                "names": [product.name for product in every],
                "descriptions": [product.description for product in every],
                "categories": [product.category for product in every],
                "prices": [product.price_cents for product in every],
                "pictures": [product.picture for product in every],
                "currency": CURRENCY,
            },
        ).fetchall()
    pieces = [product.on_hand for product in every]
    connection.execute(STOCK, {"skus": [product.sku for product in every], "pieces": pieces})
    return [_record(row) for row in changed]


def _record(row: dict[str, Any]) -> dict[str, Any]:
    """A changed product for the lake. Its version is one event, however often it is told."""
    told = {
        **row,
        "event_id": str(uuid5(NAMESPACE_URL, f"product/{row['sku']}/{row['version']}")),
        "occurred_at": row["updated_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    return {column: told[column] for column in COLUMNS["products"]}


# In the order of the SKUs, so that two that run side by side wait for each other and never in a circle.
PRODUCTS = """
INSERT INTO products AS known (sku, name, description, category, price_cents, currency, picture)
SELECT sku, name, description, category, price_cents, %(currency)s, picture
FROM unnest(
    %(skus)s::text[], %(names)s::text[], %(descriptions)s::text[], %(categories)s::text[],
    %(prices)s::bigint[], %(pictures)s::text[]
) AS seed (sku, name, description, category, price_cents, picture)
ORDER BY sku
ON CONFLICT (sku) DO UPDATE SET
    name = excluded.name,
    description = excluded.description,
    category = excluded.category,
    price_cents = excluded.price_cents,
    currency = excluded.currency,
    picture = excluded.picture,
    version = known.version + 1,
    updated_at = now()
WHERE (known.name, known.description, known.category, known.price_cents, known.currency, known.picture)
    IS DISTINCT FROM (excluded.name, excluded.description, excluded.category, excluded.price_cents,
                      excluded.currency, excluded.picture)
RETURNING sku, version, name, category, currency, price_cents, updated_at
"""

STOCK = """
INSERT INTO stock (sku, on_hand)
SELECT sku, on_hand FROM unnest(%(skus)s::text[], %(pieces)s::int[]) AS seed (sku, on_hand) ORDER BY sku
ON CONFLICT (sku) DO NOTHING
"""
