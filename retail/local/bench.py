"""How fast the shop is on this machine, as ratios in one run: ``make bench``.

The storefront's own process against a bare route on the same server; checkouts against a bare insert of the same rows;
the order processor against a bare insert of many rows. Server and load have a core each, where there are two.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import sample
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import boto3
import redis
from psycopg.types.json import Jsonb

from lambdas.order_processor import orders
from retail.contracts import parameters, settings
from retail.contracts.events import OrderLine, OrderPlaced
from retail.local.cache import Cache, cache
from retail.local.emulator import Emulator, emulator
from retail.local.load import Load, load
from retail.local.postgres import Postgres, postgres
from retail.local.processes import Server, free_port, python
from retail.runtime import database
from retail.runtime.database import Connection, Target
from retail.storefront.migrate import migrate
from retail.storefront.seed.load import load as fill

PATH = "/bench/dev"
SECONDS = 3.0
ROUNDS = 3
CONNECTIONS = 16
BATCH = 10
PIECES = 1_000_000


@dataclass(frozen=True)
class Parts:
    """The real parts, and what the storefront is told of them."""

    postgres: Postgres
    cache: Cache
    aws: Emulator
    environment: dict[str, str]

    def connection(self) -> Connection:
        """A connection of the benchmark's own."""
        target = Target(self.postgres.writer.host, self.postgres.writer.port, self.postgres.database)
        return database.connect(target, self.postgres.user, self.postgres.password, statement_timeout_ms=30_000)


@contextmanager
def parts(directory: Path) -> Iterator[Parts]:
    """PostgreSQL, Valkey and the emulator, the shop filled and its endpoints written."""
    with ExitStack() as stack:
        aws = stack.enter_context(emulator(state=directory / "aws"))
        running = stack.enter_context(postgres(directory / "postgres"))
        valkey = stack.enter_context(cache(directory / "cache"))
        told = settings.Storefront(parameters_path=PATH, model_id="none", port=str(free_port()))
        login = settings.Credentials(database_username=running.user, database_password=running.password)
        environment = {
            **aws.environment,
            **told.variables(),
            **login.variables(),
            "PGSSLROOTCERT": str(running.certificate),
            "SSL_CERT_FILE": str(valkey.certificate),
        }
        os.environ |= environment
        there = Parts(running, valkey, aws, environment)
        write_endpoints(there)
        migrate(Target(running.writer.host, running.writer.port, running.database), running.user, running.password)
        with there.connection() as connection:
            fill(connection)
            connection.execute("UPDATE stock SET on_hand = %s", [PIECES])
        yield there


def write_endpoints(there: Parts) -> None:
    """What the data and events stacks would write to SSM; the cache lets its user in with any token."""
    values = {
        parameters.WRITER_HOST: there.postgres.writer.host,
        parameters.READER_HOST: there.postgres.writer.host,
        parameters.DATABASE_PORT: str(there.postgres.writer.port),
        parameters.DATABASE_NAME: there.postgres.database,
        parameters.CACHE_HOST: there.cache.host,
        parameters.CACHE_PORT: str(there.cache.port),
        parameters.CACHE_READER_PORT: str(there.cache.port),
        parameters.CACHE_NAME: "bench-cache",
        parameters.CACHE_USER: "bench-shop",
        parameters.LAKE_BUCKET: "bench-lake",
        parameters.CART_TABLE: "bench-carts",
        parameters.EVENT_BUS: "bench-bus",
    }
    ssm = boto3.client("ssm")
    for name, value in values.items():
        ssm.put_parameter(Name=f"{PATH}/{name}", Value=value, Type="String")
    boto3.client("events").create_event_bus(Name="bench-bus")
    with redis.Redis(
        host=there.cache.host,
        port=there.cache.port,
        username=there.cache.user,
        password=there.cache.password,
        ssl=True,
        ssl_ca_certs=str(there.cache.certificate),
    ) as client:
        client.acl_setuser("bench-shop", enabled=True, nopass=True, keys=["*"], commands=["+@all"])


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


@contextmanager
def served(command: list[str], port: int, path: str, log: Path) -> Iterator[None]:
    """A server on the first core, once it answers."""

    def is_ready() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    server = Server(command, log=log, is_ready=is_ready, stop_signal=signal.SIGTERM)
    on_core(0)
    server.start()
    on_core(1)
    try:
        yield
    finally:
        server.stop()


def on_core(number: int) -> None:
    """Let this process, and those that it starts from now on, run on one core only."""
    cores = sorted(os.sched_getaffinity(0) | set(range(os.cpu_count() or 1)))
    os.sched_setaffinity(0, {cores[number % len(cores)]})


def best(measure: Callable[[], Load]) -> Load:
    """The best of some rounds: what slows a round down is somebody else."""
    return max((measure() for _ in range(ROUNDS)), key=lambda each: each.per_second)


def get(path: str) -> Callable[[], bytes]:
    """A GET request, always the same."""
    request = f"GET {path} HTTP/1.1\r\nHost: shop\r\nAccept: application/json\r\n\r\n".encode()
    return lambda: request


def order(skus: list[str]) -> bytes:
    """A new order of two lines by a new shopper."""
    body = json.dumps({"items": [{"sku": sku, "quantity": 1} for sku in skus]}).encode()
    head = (
        "POST /api/orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def rate(work: Callable[[], int]) -> float:
    """How many a second, best of some rounds; ``work`` says how many it did."""
    rates = []
    for _ in range(ROUNDS):
        begin, done = time.perf_counter(), 0
        while time.perf_counter() - begin < SECONDS:
            done += work()
        rates.append(done / (time.perf_counter() - begin))
    return max(rates)


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
    path = f"/api/products/{skus[0]}"
    bare_port, port = free_port(), int(there.environment["PORT"])
    with served(
        [sys.executable, "-c", BARE, str(bare_port), json.dumps(product)], bare_port, "/", directory / "bare.log"
    ):
        bare = best(lambda: load(bare_port, get(path), b"200", connections=CONNECTIONS, seconds=SECONDS))
    yield shown("bare JSON route of the same server", bare, None)
    with served(python("retail.storefront.app"), port, "/readyz", directory / "shop.log"):
        cached = best(lambda: load(port, get(path), b"200", connections=CONNECTIONS, seconds=SECONDS))
        yield shown("cached product, a cache read in each", cached, bare.per_second)
        with there.connection() as connection:
            one = rate(lambda: bare_insert(connection, [placed(skus, 2)]))
        # Of any products: shoppers who all want the same two would wait for one another's stock.
        checkout = best(lambda: load(port, lambda: order(sample(skus, 2)), b"201", connections=4, seconds=SECONDS))
        yield shown("checkout of two lines, against bare inserts one by one", checkout, one)
        there.cache.stop()
        uncached = best(lambda: load(port, get(path), b"200", connections=CONNECTIONS, seconds=SECONDS))
        yield shown("uncached product, the cache being down", uncached, bare.per_second)


def processor_row(there: Parts, skus: list[str]) -> str:
    """The order processor's line: batches of ten, four lines an order."""
    with there.connection() as connection:
        bare = rate(lambda: bare_insert(connection, [placed(skus, 4) for _ in range(BATCH)]))
        real = rate(lambda: orders.upsert(connection, [placed(skus, 4) for _ in range(BATCH)]))
    return (
        f"order processor, batches of {BATCH}: {real:,.0f} orders/s, {real / bare:.2f} of a bare insert ({bare:,.0f})"
    )


def shown(name: str, measured: Load, floor: float | None) -> str:
    """One line of the report."""
    ratio = f", {measured.per_second / floor:.2f} of it ({floor:,.0f})" if floor else ""
    return f"{name}: {measured.per_second:,.0f}/s{ratio}; p50 {measured.p50_ms:.1f} ms, p99 {measured.p99_ms:.1f} ms"


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
