"""A shop that is open, on real parts: what it does, and what one may ask of its database, queues, lake and inbox."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from psycopg_pool import ConnectionPool

from lambdas.inventory_handler import handler as inventory
from lambdas.notification import handler as notification
from lambdas.order_processor import handler as orders
from retail.contracts.events import InventoryReserved, OrderPlaced, PaymentProcessed
from retail.contracts.lake import RAW, raw
from retail.runtime.cache import Cache
from retail.runtime.database import Connection
from retail.storefront.carts import CartLine
from retail.storefront.catalogue import Catalogue
from retail.storefront.order_types import Order
from retail.storefront.orders import Orders
from retail.storefront.payments import Card, Sandbox
from retail.storefront.relay import Relay
from tests.proof.platform import PIPELINES, Platform
from tests.proof.service import Mapping, waiting

CARD = Card(number=Sandbox.ACCEPTED, expiry="12/30", code="123")
CUSTOMER = "customer-1"
HANDLERS = dict(zip(PIPELINES, (orders.handler, inventory.handler, notification.handler), strict=True))
ORDERS, INVENTORY, NOTIFICATION = PIPELINES
QUEUES = {OrderPlaced.__name__: ORDERS, PaymentProcessed.__name__: ORDERS, InventoryReserved.__name__: INVENTORY}
"""Which pipeline changes the database for an event."""


@dataclass(frozen=True)
class World:
    """One test's shop. Products and orders are its own; queues, lake and cache are shared with the others."""

    platform: Platform
    writer: ConnectionPool[Connection]
    open_connection: Callable[[], Connection]
    cache: Cache
    catalogue: Catalogue
    events: Any
    s3: Any
    sqs: Any
    inbox: str
    """A queue that is subscribed to the customers' topic."""

    # What the shop does

    def stock(self, on_hand: int) -> str:
        """A new product, of which there are so many; returns its number."""
        sku = f"SKU-{uuid4().hex[:12].upper()}"
        with self.writer.connection() as connection:
            connection.execute(
                "INSERT INTO products (sku, name, description, category, price_cents, currency, picture)"
                " VALUES (%s, 'Kettle', 'Boils water.', 'Kitchen', 1250, 'EUR', 'kettle.svg')",
                [sku],
            )
            connection.execute("INSERT INTO stock (sku, on_hand) VALUES (%s, %s)", [sku, on_hand])
        return sku

    def orders(self, committed: Callable[[], None] = lambda: None) -> Orders:
        """The storefront's orders."""
        return Orders(self.writer, Sandbox(), committed=committed)

    def place(self, *lines: tuple[str, int], customer: str = CUSTOMER) -> Order:
        """Place an order; its events are in the outbox."""
        wanted = [CartLine(sku=sku, quantity=quantity) for sku, quantity in lines]
        return self.orders().checkout(customer, wanted, str(uuid4()))

    def relay(self) -> Relay:
        """A relay as a storefront's task has it."""
        bus = self.platform.made["RetailEventBus"].rsplit("/", 1)[-1]
        return Relay(self.writer, self.events, bus, self.s3, self.platform.settings["LAKE_BUCKET"])

    def publish(self) -> None:
        """Publish what is due in the outbox."""
        relay = self.relay()
        while relay.publish():
            pass

    def mapping(self, pipeline: str) -> Mapping:
        """A queue and its function, as Lambda has them."""
        return Mapping(self.sqs, self.platform.queue(pipeline), HANDLERS[pipeline])

    def work(self) -> None:
        """Let the functions work off their queues."""
        for pipeline in PIPELINES:
            self.mapping(pipeline).drain()

    def send(self, pipeline: str, envelopes: Iterable[dict[str, Any]]) -> None:
        """Put events on a queue, as the rule does, in this order."""
        for envelope in envelopes:
            self.sqs.send_message(QueueUrl=self.platform.queue(pipeline), MessageBody=json.dumps(envelope))

    # What has become of it

    def envelopes(self, *order_ids: Any) -> list[dict[str, Any]]:
        """The orders' events as EventBridge delivers them, from the outbox."""
        rows = self.rows(
            "SELECT event_id, detail_type, detail FROM outbox WHERE detail ->> 'order_id' = ANY(%s) ORDER BY id",
            [str(order_id) for order_id in order_ids],
        )
        return [
            {
                "version": "0",
                "id": str(uuid4()),
                "source": "retail.storefront",
                "detail-type": detail_type,
                "account": "123456789012",
                "time": detail["occurred_at"],
                "region": "us-east-1",
                "resources": [],
                "detail": detail,
            }
            for event_id, detail_type, detail in rows
        ]

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.writer.connection() as connection:
            return connection.execute(statement, values).fetchall()

    def on_hand(self, sku: str) -> tuple[int, int]:
        """How many of a product there are, and how many of them are reserved."""
        ((on_hand, reserved),) = self.rows("SELECT on_hand, reserved FROM stock WHERE sku = %s", sku)
        return on_hand, reserved

    def order(self, order: Order) -> tuple[Any, ...] | None:
        """An order's row without what the storefront alone writes, and its lines."""
        rows = self.rows(
            "SELECT status, customer_id, currency, total_cents, placed_at, paid_at, promised_by, payment_id,"
            " (SELECT array_agg((line_no, sku, quantity, unit_price_cents) ORDER BY line_no)::text"
            "  FROM order_lines WHERE order_lines.order_id = orders.order_id)"
            " FROM orders WHERE order_id = %s",
            order.order_id,
        )
        return rows[0] if rows else None

    def is_processed(self, order: Order) -> bool:
        """Whether the order processor has written the order."""
        return bool(self.rows("SELECT 1 FROM orders WHERE order_id = %s AND processed_at IS NOT NULL", order.order_id))

    def lake(self, domain: str, *orders: Order) -> list[dict[str, Any]]:
        """The orders' raw records of a domain; of an event that is written to two objects both."""
        bodies = [self.s3.get_object(**self._lake, Key=key)["Body"].read() for key in self._keys(raw(domain))]
        records = [json.loads(line) for body in bodies for line in body.decode().splitlines()]
        ids = {str(order.order_id) for order in orders}
        return [record for record in records if record["order_id"] in ids]

    def empty_lake(self) -> None:
        """Forget what others have archived, so that little is read here."""
        if keys := self._keys(RAW):
            self.s3.delete_objects(**self._lake, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True})

    def _keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(**self._lake, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    @property
    def _lake(self) -> dict[str, str]:
        return {"Bucket": self.platform.settings["LAKE_BUCKET"]}

    def told(self, order: Order) -> list[str]:
        """What customers have been told of an order: the types of its events, in the order they came."""
        found = []
        while received := self.sqs.receive_message(
            QueueUrl=self.inbox, MaxNumberOfMessages=10, VisibilityTimeout=600
        ).get("Messages", []):
            found += [json.loads(message["Body"]) for message in received]
        return [
            each["MessageAttributes"]["event_type"]["Value"] for each in found if str(order.order_id) in each["Message"]
        ]

    def waiting(self) -> dict[str, int]:
        """The messages in each queue and its dead letters, where there are any."""
        queues = {pipeline: self.platform.queue(pipeline) for pipeline in PIPELINES}
        queues |= {f"{pipeline} dead": self.platform.dead_letters(pipeline) for pipeline in PIPELINES}
        counts = {name: waiting(self.sqs, url) for name, url in queues.items()}
        return {name: count for name, count in counts.items() if count}

    def unpublished(self, order: Order) -> int:
        """How many of an order's events wait in the outbox."""
        ((count,),) = self.rows(
            "SELECT count(*) FROM outbox WHERE published_at IS NULL AND detail ->> 'order_id' = %s", str(order.order_id)
        )
        return int(count)

    def replay(self) -> None:
        """Replay the whole archive to the bus, and wait until it is delivered."""
        events, name = self.platform.client("events"), f"replay-{uuid4().hex[:8]}"
        bus = events.describe_event_bus(Name=self.platform.made["RetailEventBus"].rsplit("/", 1)[-1])["Arn"]
        archive = self.platform.made["RetailEventArchive"]
        events.start_replay(
            ReplayName=name,
            EventSourceArn=events.describe_archive(ArchiveName=archive.rsplit("/", 1)[-1])["ArchiveArn"],
            EventStartTime=datetime.now(UTC) - timedelta(hours=1),
            EventEndTime=datetime.now(UTC) + timedelta(hours=1),
            Destination={"Arn": bus},
        )
        deadline = time.monotonic() + 60
        while events.describe_replay(ReplayName=name)["State"] != "COMPLETED":
            assert time.monotonic() < deadline, "the replay does not end"
            time.sleep(0.02)


def eventually(is_true: Callable[[], object], seconds: float = 60) -> None:
    """Wait for what other threads bring about."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def is_refused(open_connection: Callable[[], Connection]) -> bool:
    """Whether the database does not answer."""
    try:
        open_connection().close()
    except psycopg.OperationalError:
        return True
    return False
