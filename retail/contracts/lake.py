"""The data lake: its prefixes, and the columns of its curated tables."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

RAW = "raw/"
CURATED = "curated/"
QUARANTINE = "quarantine/"
QUERY_RESULTS = "athena-results/"

DOMAINS = ("orders", "inventory", "products")

PARTITION = ("dt", "date")
"""The partition column of each curated table: the event's date in UTC, as ``dt=YYYY-MM-DD``."""

FIRST_DAY = "2026-01-01"
"""Where partition projection begins; no event is older than the platform."""

COLUMNS: dict[str, dict[str, str]] = {
    "orders": {
        "event_id": "string",
        "event_type": "string",
        "occurred_at": "timestamp",
        "order_id": "string",
        "customer_id": "string",
        "currency": "string",
        "total_cents": "bigint",
        "items": "array<struct<sku:string,quantity:int,unit_price_cents:bigint>>",
        "carrier": "string",
        "promised_by": "timestamp",
    },
    "inventory": {
        "event_id": "string",
        "occurred_at": "timestamp",
        "order_id": "string",
        "sku": "string",
        "quantity": "int",
        "stock_after": "int",
    },
    "products": {
        "event_id": "string",
        "occurred_at": "timestamp",
        "sku": "string",
        "version": "int",
        "name": "string",
        "category": "string",
        "currency": "string",
        "price_cents": "bigint",
    },
}
"""Column names and Hive types of the curated tables. An order's row is one event of its life (``event_type``)."""


def object_key(domain: str, day: str, event_ids: Iterable[str]) -> str:
    """Where a batch's events of one day (``YYYY-MM-DD``, UTC) lie: the same batch written twice is the same object."""
    name = sha256("\n".join(sorted(event_ids)).encode()).hexdigest()[:32]
    return f"{raw(domain)}{PARTITION[0]}={day}/{name}.json"


def raw(domain: str) -> str:
    """The prefix of a domain's raw events, e.g. ``raw/orders/``."""
    return f"{RAW}{domain}/"


def curated(domain: str) -> str:
    """The prefix of a domain's curated Parquet, e.g. ``curated/orders/``."""
    return f"{CURATED}{domain}/"


def quarantine(domain: str) -> str:
    """The prefix of a domain's rejected rows, e.g. ``quarantine/orders/``."""
    return f"{QUARANTINE}{domain}/"
