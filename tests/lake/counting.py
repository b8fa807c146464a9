"""The analysts' questions answered without SQL: the raw files read line by line, and counted in Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from unicodedata import normalize

from retail.contracts.events import (
    EVENTS,
    ContractError,
    InventoryReserved,
    OrderPlaced,
    OrderShipped,
    PaymentProcessed,
    refuse_unfit,
)

Answer = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Told:
    """What the raw files tell, each event once and what is broken left out."""

    orders: list[OrderPlaced | PaymentProcessed | OrderShipped]
    inventory: list[tuple[InventoryReserved, int]]  # with what was left in stock
    products: list[dict[str, Any]]


def told(lake: Path) -> Told:
    """Read the raw files."""
    orders: dict[str, Any] = {}
    for row in _rows(lake, "orders"):
        event = _event(row)
        if isinstance(event, OrderPlaced | PaymentProcessed | OrderShipped):
            orders[event.event_id] = event
    inventory = {}
    for row in _rows(lake, "inventory"):
        reserved = _event(row)
        if isinstance(reserved, InventoryReserved) and isinstance(row.get("stock_after"), int):
            inventory[reserved.event_id] = (reserved, row["stock_after"])
    products = [
        row
        for row in _rows(lake, "products")
        if all(isinstance(row.get(name), kind) for name, kind in (("event_id", str), ("sku", str), ("version", int)))
        and row["event_id"]
        and _moment(row.get("occurred_at"))
    ]
    return Told(list(orders.values()), list(inventory.values()), products)


def _rows(lake: Path, domain: str) -> Iterator[dict[str, Any]]:
    for path in sorted((lake / "raw" / domain).glob("dt=*/*.json")):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row


def _event(row: dict[str, Any]) -> Any:
    kind = EVENTS.get(row.get("event_type", ""))
    if kind is None or row.get("version") != kind.VERSION or _moment(row.get("occurred_at")) is None:
        return None
    try:
        event = kind.from_json(row)
        fields = event.to_json()
        for part in (fields, *fields.get("items", ())):
            for name, value in part.items():
                refuse_unfit(name, value.strip().upper() if name == "currency" else value, name)
        return event
    except ContractError:
        return None


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo and moment.year >= 2026 else None


def _currency(text: str) -> str:
    return text.strip().upper()


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2).quantize(Decimal("0.01"))


def _days(now: datetime, back: int) -> tuple[date, date]:
    """The days that a query sees: from so many days ago until today, and none to come."""
    return now.date() - timedelta(days=back), now.date()


def _seen(told: Told, now: datetime) -> list[Any]:
    first, last = _days(now, 30)
    return [event for event in told.orders if first <= event.occurred_at.date() <= last]


def _placed(told: Told, now: datetime) -> list[OrderPlaced]:
    return [event for event in _seen(told, now) if isinstance(event, OrderPlaced)]


@dataclass
class _Life:
    placed_on: date | None = None
    promised_by: datetime | None = None
    paid: bool = False
    shipped_at: datetime | None = None


def _lives(told: Told, now: datetime) -> dict[str, _Life]:
    """By order what happened to it, of those that were placed within the days that are seen."""
    lives: dict[str, _Life] = defaultdict(_Life)
    for event in _seen(told, now):
        life = lives[event.order_id]
        if isinstance(event, OrderPlaced):
            life.placed_on, life.promised_by = event.occurred_at.date(), event.promised_by
        elif isinstance(event, PaymentProcessed):
            life.paid = True
        else:
            life.shipped_at = event.occurred_at
    return {order: life for order, life in lives.items() if life.placed_on}


def daily_revenue(told: Told, now: datetime) -> Answer:
    orders: Counter[tuple[date, str]] = Counter()
    cents: Counter[tuple[date, str]] = Counter()
    for event in _placed(told, now):
        key = event.occurred_at.date(), _currency(event.currency)
        orders[key] += 1
        cents[key] += event.total_cents
    return [(*key, orders[key], _money(cents[key])) for key in sorted(orders)]


def every_seller(told: Told, now: datetime) -> Answer:
    pieces: Counter[tuple[str, str]] = Counter()
    cents: Counter[tuple[str, str]] = Counter()
    for event in _placed(told, now):
        for line in event.items:
            key = line.sku, _currency(event.currency)
            pieces[key] += line.quantity
            cents[key] += line.quantity * line.unit_price_cents
    best_first = sorted(pieces, key=lambda key: (-pieces[key], key))
    return [(*key, pieces[key], _money(cents[key])) for key in best_first]


def best_sellers(told: Told, now: datetime) -> Answer:
    return every_seller(told, now)[:50]


def conversion(told: Told, now: datetime) -> Answer:
    days: dict[date, list[_Life]] = defaultdict(list)
    for life in _lives(told, now).values():
        assert life.placed_on
        days[life.placed_on].append(life)
    answer: Answer = []
    for day, lives in sorted(days.items()):
        shipped = sum(life.shipped_at is not None for life in lives)
        percent = (Decimal(100 * shipped) / len(lives)).quantize(Decimal("0.1"), ROUND_HALF_UP)
        answer.append((day, len(lives), sum(life.paid for life in lives), shipped, percent))
    return answer


def orders_by_status(told: Told, now: datetime) -> Answer:
    steps = Counter(
        "shipped" if life.shipped_at else "paid" if life.paid else "placed" for life in _lives(told, now).values()
    )
    return [(step, steps[step]) for step in ("placed", "paid", "shipped") if steps[step]]


def late_shipments(told: Told, now: datetime) -> Answer:
    late = []
    for order, life in _lives(told, now).items():
        until = life.shipped_at or now
        if (life.paid or life.shipped_at) and life.promised_by and until > life.promised_by:
            hours = (until - life.promised_by) // timedelta(hours=1)
            late.append((order, _naive(life.promised_by), _naive(life.shipped_at), hours))
    return sorted(late, key=lambda row: (-row[3], row[0]))


def stock_outs(told: Told, now: datetime) -> Answer:
    first, last = _days(now, 7)
    latest: dict[str, dict[str, Any]] = {}
    for product in sorted(told.products, key=lambda product: product["version"]):
        latest[product["sku"]] = product
    # The lake has each product's latest version only, which may be of a day after the one that is asked about.
    names = {
        sku: " ".join(normalize("NFC", product["name"]).split())
        for sku, product in latest.items()
        if product["occurred_at"][:10] <= last.isoformat()
    }
    # Of two reservations in one moment the one that left less came last: a reservation only takes.
    reserved = sorted(told.inventory, key=lambda each: (each[0].occurred_at, -each[1]))
    out: dict[str, datetime] = {}
    for event, left in reserved:
        if first <= event.occurred_at.date() <= last:
            if left:
                out.pop(event.sku, None)
            else:
                out.setdefault(event.sku, event.occurred_at)
    answer = [(sku, names.get(sku), _naive(since)) for sku, since in out.items()]
    return sorted(answer, key=lambda row: (row[2], row[0]))


def _naive(moment: datetime | None) -> datetime | None:
    """As SQL shows it: in UTC, without saying so."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None)
