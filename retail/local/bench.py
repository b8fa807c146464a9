"""How fast the shop is on this machine, as ratios in one run: ``make bench``.

The storefront's own process against a bare route on the same server; checkouts against a bare insert of the same rows;
the order processor against a bare insert of many rows. Server and load have a core each, where there are two. Each line
says what bounds its figure. What a request takes of the server's own processor time is the figure to compare: the rates
also tell who else is busy on the machine.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import sample
from typing import Any
from uuid import uuid4

from psycopg.types.json import Jsonb

from lambdas.order_processor import orders
from retail.contracts.events import OrderLine, OrderPlaced
from retail.local.bench_misses import Misses
from retail.local.bench_parts import Parts, parts, served
from retail.local.load import Load, get, load
from retail.local.measure import SECONDS, by_server, compared, repeated, shown
from retail.local.processes import free_port, python
from retail.runtime.database import Connection

CONNECTIONS = 16
BATCH = 10

BARE = """
import json, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
product = json.loads(sys.argv[2])
async def bare(request):
    return JSONResponse(product)
uvicorn.run(Starlette(routes=[Route("/{any:path}", bare)]), host="127.0.0.1", port=int(sys.argv[1]),
            access_log=False, log_level="warning")
"""


def order(skus: list[str]) -> bytes:
    """A new order of two lines by a new shopper."""
    body = json.dumps({"items": [{"sku": sku, "quantity": 1} for sku in skus]}).encode()
    head = (
        "POST /api/orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


BARE_INSERT = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%s) AS record(order_id uuid, customer_id text, currency text, total_cents bigint,
        occurred_at timestamptz, items jsonb)
), placed AS (
    INSERT INTO orders (order_id, customer_id, status, currency, total_cents, placed_at)
    SELECT order_id, customer_id, 'placed', currency, total_cents, occurred_at FROM given
)
INSERT INTO order_lines (order_id, line_no, sku, quantity, unit_price_cents)
SELECT order_id, line_no, item ->> 'sku', (item ->> 'quantity')::int, (item ->> 'unit_price_cents')::bigint
FROM given, jsonb_array_elements(items) WITH ORDINALITY AS line(item, line_no)
"""


def placed(skus: list[str], lines: int) -> OrderPlaced:
    """An order of so many lines that nobody has placed before."""
    now = datetime.now(UTC)
    return OrderPlaced(
        event_id=str(uuid4()),
        occurred_at=now,
        order_id=str(uuid4()),
        customer_id=str(uuid4()),
        currency="USD",
        total_cents=1000 * lines,
        items=tuple(OrderLine(sku=sku, quantity=1, unit_price_cents=1000) for sku in skus[:lines]),
        promised_by=now,
    )


def bare_insert(connection: Connection, events: list[OrderPlaced]) -> int:
    """Insert the orders and their lines in one statement, and nothing more."""
    connection.execute(BARE_INSERT, [Jsonb([event.to_json() for event in events])])
    return len(events)


def shop_rows(there: Parts, skus: list[str], product: dict[str, Any], directory: Path) -> Iterator[str]:
    """The storefront's lines."""
    first = get(f"/api/products/{skus[0]}")
    bare_port, port = free_port(), int(there.environment["PORT"])
    with there.connection() as connection:
        misses = Misses(connection, there.cache)

    def asked(port: int) -> Load:
        return load(port, lambda: first, b"200", connections=CONNECTIONS, seconds=SECONDS)

    def ordered() -> Load:
        # Of any products: shoppers who all want the same two would wait for one another's stock.
        return load(port, lambda: order(sample(skus, 2)), b"201", connections=4, seconds=SECONDS)

    def missed() -> Load:
        found = load(port, misses.request, b"200", connections=CONNECTIONS, seconds=SECONDS)
        misses.end()
        return found

    bare = [sys.executable, "-c", BARE, str(bare_port), json.dumps(product)]
    with (
        served(bare, bare_port, "/", directory / "bare.log"),
        served(python("retail.storefront.app"), port, "/readyz", directory / "shop.log"),
    ):
        # The first answer fills the cache, and the hot connection is made.
        asked(port)
        pair = compared(lambda: asked(bare_port), lambda: asked(port))
        yield shown("cached product, a cache read in each", "the server's bare JSON route", *pair, by_server(*pair))
        pair = compared(lambda: asked(bare_port), missed, before=misses.begin)
        yield shown("uncached product, asked for once", "the server's bare JSON route", *pair, by_server(*pair))
        there.cache.stop()
        pair = compared(lambda: asked(bare_port), lambda: asked(port))
        yield shown("product, the cache being down", "the server's bare JSON route", *pair, by_server(*pair))
        # The last, as the shop goes on to publish what was ordered.
        with there.connection() as connection:
            pair = compared(lambda: repeated(lambda: bare_insert(connection, [placed(skus, 2)])), ordered)
        yield shown("checkout of two lines", "bare inserts one by one", *pair)


def processor_row(there: Parts, skus: list[str]) -> str:
    """The order processor's line: batches of ten, four lines an order."""

    def batch() -> list[OrderPlaced]:
        return [placed(skus, 4) for _ in range(BATCH)]

    with there.connection() as connection:
        pair = compared(
            lambda: repeated(lambda: bare_insert(connection, batch())),
            lambda: repeated(lambda: orders.upsert(connection, batch())),
        )
    return shown(f"order processor, batches of {BATCH}", "a bare insert of the same rows", *pair)


def main() -> int:
    """Print the figures, one line each as they are measured."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with parts(directory) as there:
            with there.connection() as connection:
                row = connection.execute("SELECT to_jsonb(products) - 'search' FROM products LIMIT 1").fetchone()
                skus = [sku for (sku,) in connection.execute("SELECT sku FROM products ORDER BY sku")]
            assert row
            print(processor_row(there, skus), flush=True)
            for line in shop_rows(there, skus, row[0], directory):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
