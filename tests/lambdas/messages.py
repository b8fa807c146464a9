"""The messages that functions are given, and what comes of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from retail.contracts import events

DAY = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Context:
    """Lambda's context of an invocation that has just begun."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


def noon() -> datetime:
    """What the clock shows to a function while the events of DAY are handled."""
    return DAY.replace(hour=12)


def plenty() -> float:
    """The seconds left to a function that has just begun."""
    return 60.0


def envelope(event: events.DomainEvent, **more: Any) -> dict[str, Any]:
    """An event as EventBridge hands it on."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "source": events.SOURCE,
        "detail-type": type(event).__name__,
        "detail": event.detail(),
    } | more


def batch(*bodies: Any) -> dict[str, Any]:
    """A batch of messages m0, m1, ... as Lambda hands it over: events, or whatever their bodies hold."""
    records = []
    for index, body in enumerate(bodies):
        content = envelope(body) if isinstance(body, events.DomainEvent) else body
        text = content if isinstance(content, str) else json.dumps(content)
        records.append({"messageId": f"m{index}", "body": text, "eventSource": "aws:sqs"})
    return {"Records": records}


def failed(*ids: str) -> dict[str, Any]:
    """The answer that says that these messages have failed."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}


def placed(**more: Any) -> events.OrderPlaced:
    """An order of two products."""
    lines = (
        events.OrderLine(sku="MUG-1", quantity=2, unit_price_cents=1250),
        events.OrderLine(sku="TEA-7", quantity=1, unit_price_cents=499),
    )
    fields: dict[str, Any] = {
        "event_id": str(uuid4()),
        "occurred_at": DAY,
        "order_id": str(uuid4()),
        "customer_id": "c-1",
        "currency": "USD",
        "total_cents": 2999,
        "items": lines,
        "promised_by": datetime(2026, 11, 25, tzinfo=UTC),
    }
    return events.OrderPlaced(**fields | more)


def paid(order: events.OrderPlaced, **more: Any) -> events.PaymentProcessed:
    """The payment of an order, a minute later."""
    fields: dict[str, Any] = {
        "event_id": str(uuid4()),
        "occurred_at": order.occurred_at.replace(minute=1),
        "order_id": order.order_id,
        "customer_id": order.customer_id,
        "currency": order.currency,
        "total_cents": order.total_cents,
        "payment_id": "pay-1",
    }
    return events.PaymentProcessed(**fields | more)


def reserved(sku: str, quantity: int = 1, **more: Any) -> events.InventoryReserved:
    """So many pieces of a product, reserved for an order."""
    fields: dict[str, Any] = {
        "event_id": str(uuid4()),
        "occurred_at": DAY,
        "order_id": str(uuid4()),
        "sku": sku,
        "quantity": quantity,
    }
    return events.InventoryReserved(**fields | more)


def shipped(**more: Any) -> events.OrderShipped:
    """A parcel with an order of another customer."""
    fields: dict[str, Any] = {
        "event_id": str(uuid4()),
        "occurred_at": DAY,
        "order_id": str(uuid4()),
        "customer_id": "c-2",
        "carrier": "Post",
        "tracking_number": "RR 1",
    }
    return events.OrderShipped(**fields | more)


def archived(s3: Any, lake: str) -> dict[str, list[dict[str, Any]]]:
    """What lies in the lake: the records of each object, by its key."""
    found = {}
    for item in s3.list_objects_v2(Bucket=lake).get("Contents", []):
        text = s3.get_object(Bucket=lake, Key=item["Key"])["Body"].read().decode()
        found[item["Key"]] = [json.loads(line) for line in text.splitlines()]
    return found


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that is about to happen."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "waited 60 s in vain"
        time.sleep(0.02)
