"""A shop's past as raw events, the same for the same seed: what the Spark job and the queries over it are tested with.

    past = History(orders=2_000, seed=7)
    past.write(lake)                 # <lake>/raw/<domain>/dt=.../*.json, as the platform writes them
    past.write_late(lake)            # what came days afterwards

What is to become of them, retail/local/expected.py counts.

Among the good rows are doubles, odd spellings and events that come late; the broken ones are broken in all the ways
that ``BROKEN`` lists.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from retail.contracts import lake
from retail.contracts.events import InventoryReserved, OrderLine, OrderPlaced, OrderShipped, PaymentProcessed
from retail.runtime.lake import record

CARRIERS = (
    "Blue Parcel",
    "  Blue   Parcel ",
    "Zürich Express",
    "Zu\u0308rich Express",
    "Läufer\u00a0& Co",
    "🚲 Courier",
)
CURRENCIES = ("USD", "USD", "USD", "EUR", "usd ", " eur")
CATEGORIES = ("kitchen", "garden", " Desk ")
SKUS = 40

Row = tuple[str, str, str]
"""A domain, a day and a line."""


@dataclass(frozen=True, kw_only=True)
class History:
    """How much happened, when, and how badly it was told. Shares are of all the lines of a domain."""

    orders: int
    seed: int = 1
    first_day: str = "2026-09-01"
    days: int = 14
    doubled: float = 0.03
    broken: float = 0.01
    late: float = 0.02
    lines_per_file: int = 1_000

    def write(self, folder: Path) -> None:
        """Write what came in time, doubles and broken lines among it."""
        _write(folder, (row for row, late in self._told() if not late), self.lines_per_file)

    def write_late(self, folder: Path) -> None:
        """Write what came after the days it belongs to had been read."""
        _write(folder, (row for row, late in self._told() if late), self.lines_per_file)

    def rows(self) -> Iterator[Row]:
        """What happened, each event once and in order, as domain, day and line."""
        random = Random(self.seed)
        yield from _products(random, self)
        for number in range(self.orders):
            yield from _life(random, self, number)

    def _told(self) -> Iterator[tuple[Row, bool]]:
        """The lines that were written, and whether late."""
        random = Random(f"telling {self.seed}")
        kinds = 0
        for domain, day, line in self.rows():
            yield (domain, day, line), random.random() < self.late
            if random.random() < self.doubled:
                yield (domain, day, line), random.random() < self.late
            if random.random() < self.broken:
                kinds += 1
                yield (domain, day, BROKEN[kinds % len(BROKEN)](json.loads(line), kinds)), False


def _life(random: Random, past: History, number: int) -> Iterator[Row]:
    """An order: placed, its stock reserved, then maybe paid and shipped."""
    first = datetime.fromisoformat(past.first_day).replace(tzinfo=UTC)
    placed_at = first + timedelta(seconds=random.random() * past.days * 86_400)
    order_id, customer_id = _uuid(random), _uuid(Random(number // 3))
    lines = tuple(
        OrderLine(
            sku=f"SKU-{random.randrange(SKUS)}",
            quantity=random.randrange(1, 5),
            unit_price_cents=random.randrange(100, 20_000),
        )
        for _ in range(random.randrange(1, 4))
    )
    currency = random.choice(CURRENCIES)
    total = sum(line.quantity * line.unit_price_cents for line in lines)
    placed = OrderPlaced(
        event_id=_uuid(random),
        occurred_at=placed_at,
        order_id=order_id,
        customer_id=customer_id,
        currency=currency,
        total_cents=total,
        items=lines,
        promised_by=placed_at + timedelta(days=3),
    )
    yield _row("orders", record(placed))
    for line in lines:
        reserved = InventoryReserved(
            event_id=_uuid(random), occurred_at=placed_at, order_id=order_id, sku=line.sku, quantity=line.quantity
        )
        yield _row("inventory", record(reserved) | {"stock_after": random.randrange(0, 60)})
    if random.random() < 0.1:
        return
    paid_at = placed_at + timedelta(minutes=random.randrange(1, 600))
    paid = PaymentProcessed(
        event_id=_uuid(random),
        occurred_at=paid_at,
        order_id=order_id,
        customer_id=customer_id,
        currency=currency,
        total_cents=total,
        payment_id=_uuid(random),
    )
    yield _row("orders", record(paid))
    if random.random() < 0.2:
        return
    shipped = OrderShipped(
        event_id=_uuid(random),
        occurred_at=paid_at + timedelta(hours=random.randrange(1, 120)),
        order_id=order_id,
        customer_id=customer_id,
        carrier=random.choice(CARRIERS),
        tracking_number=f"T{number:08d}",
    )
    yield _row("orders", record(shipped))


def _products(random: Random, past: History) -> Iterator[Row]:
    """Each product's versions, over the days."""
    first = datetime.fromisoformat(past.first_day).replace(tzinfo=UTC)
    for number in range(SKUS):
        for version in range(1, random.randrange(2, 6)):
            at = first + timedelta(hours=random.randrange(past.days * 24))
            yield _row(
                "products",
                {
                    "event_id": _uuid(random),
                    "occurred_at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                    "sku": f"SKU-{number}",
                    "version": version,
                    "name": random.choice((f"Mug {number}", f" Cafe\u0301  cup {number}", f"Schüssel {number}")),
                    "category": random.choice(CATEGORIES),
                    "currency": "usd",
                    "price_cents": random.randrange(100, 20_000),
                },
            )


def _row(domain: str, fields: dict[str, Any]) -> Row:
    return domain, fields["occurred_at"][:10], json.dumps(fields, separators=(",", ":"))


def _uuid(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _told_as(**changed: Any) -> Any:
    return lambda fields, _: json.dumps(fields | changed)


def _out_of_bounds(**changed: Any) -> Any:
    """Told as more, longer or otherwise than is agreed, where a line has such a field."""
    return lambda fields, _: json.dumps(fields | {name: changed[name] for name in changed if name in fields})


BROKEN: tuple[Any, ...] = (
    lambda fields, number: json.dumps(fields)[: 40 + number % 7],
    lambda fields, _: json.dumps([fields]),
    lambda fields, _: json.dumps(fields) + json.dumps(fields),
    lambda fields, _: json.dumps({name: value for name, value in fields.items() if name != "event_id"}),
    _told_as(occurred_at="yesterday"),
    _told_as(occurred_at="2026-09-03T10:00:00"),
    _told_as(occurred_at="2019-09-03T10:00:00Z"),
    _told_as(version="new"),
    _told_as(event_id={"id": 7}),
    _told_as(event_id=17),
    _told_as(event_id=None),
    _told_as(event_id=""),
    lambda fields, number: f"<html>{number}</html>",
    lambda fields, number: str(number),
    lambda fields, _: "null",
    lambda fields, _: json.dumps(fields | ({"version": 2} if "event_type" in fields else {"sku": 3})),
    lambda fields, _: json.dumps(fields | ({"event_type": "OrderLost"} if "event_type" in fields else {"name": " "})),
    _out_of_bounds(currency="US$", quantity=10_001),
    _out_of_bounds(sku="é" * 33, total_cents=10_000_000_001),
    _out_of_bounds(price_cents=10_000_000_001, items=[{"sku": "S" * 65, "quantity": 1, "unit_price_cents": 1}]),
    _out_of_bounds(items=[{"sku": "S", "quantity": 10_001, "unit_price_cents": 1}]),
    _out_of_bounds(items=[{"sku": "S", "quantity": 1, "unit_price_cents": 10_000_000_001}]),
)
"""How a line may be broken."""


def _write(folder: Path, rows: Iterable[Row], lines_per_file: int) -> None:
    """Write lines as objects of one domain and day each."""
    waiting: dict[tuple[str, str], list[str]] = defaultdict(list)
    for domain, day, line in rows:
        batch = waiting[domain, day]
        batch.append(line)
        if len(batch) == lines_per_file:
            _object(folder, domain, day, batch)
            batch.clear()
    for (domain, day), batch in waiting.items():
        if batch:
            _object(folder, domain, day, batch)


def _object(folder: Path, domain: str, day: str, batch: list[str]) -> None:
    path = folder / lake.object_key(domain, day, batch)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in batch), encoding="utf-8")
