"""A few orders, reservations and products that lie where a query may go wrong, as raw files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from retail.contracts.events import (
    DomainEvent,
    InventoryReserved,
    OrderLine,
    OrderPlaced,
    OrderShipped,
    PaymentProcessed,
)
from retail.runtime import lake as writing
from retail.runtime.lake import record

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
"""When the questions are asked; thirty days ago is the 15th of April."""

FIRST = datetime(2026, 4, 15, tzinfo=UTC)
"""The first moment that is seen."""


class Folder:
    """Takes what S3 would be given."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        path = self.root / Key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Body)


def write(root: Path) -> None:
    """Write them below ``root``, as the platform's own writer does."""
    s3 = Folder(root)
    writing.write(s3, "lake", "orders", [record(event) for event in orders()])
    writing.write(s3, "lake", "inventory", reservations())
    writing.write(s3, "lake", "products", products())


def orders() -> list[DomainEvent]:
    """What happened to orders; the name of each says what is odd about it."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    return [
        *_order("shipped late", NOW - 5 * day, paid=NOW - 5 * day, promised=NOW - 2 * day, shipped=NOW - 1.5 * day),
        *_order("shipped in time", NOW - 5 * day, paid=NOW - 4 * day, promised=NOW - day, shipped=NOW - 2 * day),
        *_order("shipped as promised", NOW - 5 * day, paid=NOW - 5 * day, promised=NOW - day, shipped=NOW - day),
        *_order("never paid", NOW - 5 * day, promised=NOW - 2 * day),
        *_order("paid, due an hour and a half ago", NOW - 3 * day, paid=NOW - 2 * day, promised=NOW - 1.5 * hour),
        *_order("struck an hour, not one passed", NOW - 3 * day, paid=NOW - 2 * day, promised=NOW - 0.75 * hour),
        *_order("paid and not yet due", NOW - day, paid=NOW - day, promised=NOW + day),
        *_order("shipped and its payment not told", NOW - 4 * day, promised=NOW - 2 * day, shipped=NOW - day),
        *_order("placed too early", FIRST - hour, paid=FIRST + hour, promised=FIRST + day, shipped=FIRST + 3 * day),
        *_order("placed in the first moment", FIRST, paid=FIRST + hour, promised=FIRST + 9 * day),
        *_order("placed tomorrow", NOW + day, promised=NOW + 4 * day),
        *_order("one cent", NOW - 20 * day, price=1, promised=NOW + day),
        *_order("a lot", NOW - 20 * day, price=1_234_567_895, promised=NOW + day),
        *_order("in euros", NOW - 20 * day, price=4_995, currency="EUR", promised=NOW + day),
        *[
            event
            for number in range(60)
            for event in _order(f"wide {number}", NOW - 8 * day, sku=f"WIDE-{number:02}", promised=NOW + day)
        ],
        # Paid, and never heard of before.
        PaymentProcessed(
            event_id=_id("paid only"),
            occurred_at=NOW - day,
            order_id=_id("order of paid only"),
            customer_id="c",
            currency="USD",
            total_cents=100,
            payment_id="p",
        ),
    ]


def _order(
    name: str,
    placed: datetime,
    *,
    promised: datetime,
    paid: datetime | None = None,
    shipped: datetime | None = None,
    sku: str = "MUG-1",
    price: int = 1_235,
    currency: str = "USD",
) -> list[DomainEvent]:
    """An order of one piece and of two of another product."""
    order_id = _id(f"order of {name}")
    lines = (
        OrderLine(sku=sku, quantity=1, unit_price_cents=price),
        OrderLine(sku="CUP-2", quantity=2, unit_price_cents=50),
    )
    events: list[DomainEvent] = [
        OrderPlaced(
            event_id=_id(f"{name} placed"),
            occurred_at=placed,
            order_id=order_id,
            customer_id="c",
            currency=currency,
            total_cents=price + 100,
            items=lines,
            promised_by=promised,
        )
    ]
    if paid:
        events.append(
            PaymentProcessed(
                event_id=_id(f"{name} paid"),
                occurred_at=paid,
                order_id=order_id,
                customer_id="c",
                currency=currency,
                total_cents=price + 100,
                payment_id="p",
            )
        )
    if shipped:
        events.append(
            OrderShipped(
                event_id=_id(f"{name} shipped"),
                occurred_at=shipped,
                order_id=order_id,
                customer_id="c",
                carrier="Blue Parcel",
                tracking_number="T1",
            )
        )
    return events


def reservations() -> list[dict[str, Any]]:
    """What was left of products, by hours ago."""
    left: Mapping[str, list[tuple[float, int]]] = {
        "GONE-1": [(30, 3), (20, 0), (10, 0)],
        "BACK-2": [(30, 0), (20, 8)],
        "TWICE-3": [(50, 0), (40, 5), (30, 0), (20, 0)],
        "TIE-4": [(15, 0), (15, 1)],
        "OLD-5": [(24 * 9, 0)],
        "PLENTY-6": [(5, 40)],
        "UNKNOWN-7": [(3, 0)],
    }
    return [
        record(
            InventoryReserved(
                event_id=_id(f"{sku} {number}"),
                occurred_at=NOW - timedelta(hours=hours),
                order_id=_id(f"order of {sku} {number}"),
                sku=sku,
                quantity=1,
            )
        )
        | {"stock_after": after}
        for sku, taken in left.items()
        for number, (hours, after) in enumerate(taken)
    ]


def products() -> list[dict[str, Any]]:
    """Products by name and version; the tenth version comes after the ninth."""
    named = {
        "GONE-1": {9: "Mug, blue", 10: "Mug, navy blue"},
        "TWICE-3": {2: "Bowl", 1: "Old bowl"},
        "TIE-4": {1: "Jug"},
        "PLENTY-6": {1: "Plate"},
    }
    return [
        {
            "event_id": _id(f"{sku} version {version}"),
            "occurred_at": (NOW - timedelta(days=100 - version)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "sku": sku,
            "version": version,
            "name": name,
            "category": "kitchen",
            "currency": "USD",
            "price_cents": 1_235,
        }
        for sku, versions in named.items()
        for version, name in versions.items()
    ]


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))
