"""What the Spark job is to make of a lake's raw files, counted line by line in plain Python.

It shares the contract of events with the job and nothing else: no Spark, no SQL, no code of retail/jobs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize

from retail.contracts import lake
from retail.contracts.events import EVENTS, FIRST_MOMENT, ContractError, DomainEvent, refuse_unfit

Row = dict[str, Any]


@dataclass
class Expected:
    """A domain's counts, and its rows by event id as JSON would have them."""

    read: int = 0
    written: int = 0
    duplicates: int = 0
    superseded: int = 0
    rejected: int = 0
    rows: dict[str, Row] = field(default_factory=dict)


def expected(folder: Path) -> dict[str, Expected]:
    """By domain, what is to become of the raw files below a folder."""
    return {domain: _expected(folder, domain) for domain in lake.DOMAINS}


def _expected(folder: Path, domain: str) -> Expected:
    found = Expected()
    read = _product if domain == "products" else _event
    for line in _lines(folder / lake.raw(domain)):
        found.read += 1
        try:
            row = read(json.loads(line))
        except (ContractError, ValueError, KeyError, TypeError):
            found.rejected += 1
            continue
        found.duplicates += row["event_id"] in found.rows
        found.rows[row["event_id"]] = row
    if domain == "products":
        newest: dict[str, Row] = {}
        for row in found.rows.values():
            if row["sku"] not in newest or row["version"] > newest[row["sku"]]["version"]:
                newest[row["sku"]] = row
        found.superseded = len(found.rows) - len(newest)
        found.rows = {row["event_id"]: row for row in newest.values()}
    found.written = len(found.rows)
    return found


def _lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.json")):
        with path.open(encoding="utf-8") as lines:
            yield from lines


def _event(told: Any) -> Row:
    """An event of orders or inventory as its row."""
    kind: type[DomainEvent] = EVENTS[told["event_type"]]
    if told["version"] != kind.VERSION:
        raise ContractError("version")
    event = kind.from_json(told)
    if event.occurred_at < FIRST_MOMENT:
        raise ContractError("occurred_at")
    domain = "inventory" if "stock_after" in told else "orders"
    fields = event.to_json() | {name: told[name] for name in ("event_type", "stock_after") if name in told}
    return _row(domain, fields)


def _product(told: Any) -> Row:
    """A version of a product as its row."""
    at = datetime.fromisoformat(told["occurred_at"])
    texts = [told[name] for name in ("event_id", "sku", "name", "category", "currency")]
    if at.tzinfo is None or at < FIRST_MOMENT or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ContractError("product")
    if not all(isinstance(told[name], int) for name in ("version", "price_cents")):
        raise ContractError("product")
    return _row("products", told | {"occurred_at": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"})


def _row(domain: str, fields: Row) -> Row:
    row = {name: fields.get(name) for name in lake.COLUMNS[domain]}
    for name, value in row.items():
        if isinstance(value, str):
            row[name] = " ".join(normalize("NFC", value).split())
    for name, case in (("currency", str.upper), ("category", str.lower), ("event_id", str.lower)):
        value = row.get(name)
        if isinstance(value, str):
            row[name] = case(value)
    for part in (row, *(row.get("items") or ())):
        for name, value in part.items():
            if value is not None:
                refuse_unfit(name, value, name)
    return row
