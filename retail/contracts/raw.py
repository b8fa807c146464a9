"""What a raw record of the lake is: an event's fields beside its type and version, or one version of a product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import get_type_hints

from retail.contracts import lake
from retail.contracts.events import DomainEvent, InventoryReserved, OrderPlaced, OrderShipped, PaymentProcessed

EVENTS: dict[str, tuple[type[DomainEvent], ...]] = {
    "orders": (OrderPlaced, PaymentProcessed, OrderShipped),
    "inventory": (InventoryReserved,),
    "products": (),
}
"""By domain: the events that lie there. A product's record is no event of the bus: it is the row itself."""

ADDED = {"inventory": {"stock_after": "int"}}
"""What a function notes beside an event's own fields."""

LARGEST_BYTES = 1024 * 1024
"""No record is larger than the largest message of a queue."""


def required(domain: str) -> dict[str, dict[str, str]]:
    """By event type: the fields that a record must have, with their Hive types; products have the one type ``""``."""
    if not EVENTS[domain]:
        return {"": dict(lake.COLUMNS[domain])}
    return {event.__name__: dict(_fields(event, domain)) | ADDED.get(domain, {}) for event in EVENTS[domain]}


def _fields(event: type[DomainEvent], domain: str) -> Iterator[tuple[str, str]]:
    hints = get_type_hints(event)
    kinds = {str: "string", int: "bigint", datetime: "timestamp"}
    for field in fields(event):
        yield field.name, lake.COLUMNS[domain].get(field.name) or kinds[hints[field.name]]
