"""The retail domain's events: what the storefront publishes, the rules match and the functions handle.

A class's name is its EventBridge detail-type, and an event is never changed once it is published. What stands in a
message's ``detail`` is the event's fields, ``version`` among them; a field that a reader does not know is passed by, so
that one may be added, and any other change is a new version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints
from uuid import UUID

# The lake knows nothing of events, or the two would import each other.
from retail.contracts import lake

SOURCE = "retail.storefront"
"""The ``source`` of every event; a rule without it would match anyone's event on the bus (T154)."""

FIRST_MOMENT = datetime.fromisoformat(lake.FIRST_DAY).replace(tzinfo=UTC)
"""No event is older: before this day no table of the lake looks."""

MOST_AHEAD = timedelta(days=1)
"""How far ahead of its reader's clock an event may be dated. Tables end with today."""


LONGEST_SKU = 64
"""In bytes of UTF-8, as Redshift counts: a longer one would end the load of its whole day."""

CURRENCY = "[A-Z]{3}"
"""What a currency's code looks like (ISO 4217)."""

MOST_PIECES = 10_000
"""Of one product in an order; a shopper may order 50 times 99."""

MOST_CENTS = 10**10
"""Of a price and of an order. Reports add up pieces times price as decimal(18, 2), in Athena the cents themselves: a
hundred lines at both bounds still fit.
"""

MOST = {
    "quantity": MOST_PIECES,
    "unit_price_cents": MOST_CENTS,
    "total_cents": MOST_CENTS,
    "price_cents": MOST_CENTS,
}
"""The bound of each number that has one, by its name in events and in the lake's tables."""


class ContractError(ValueError):
    """A message that is not what was agreed on; the text names the field and what is wrong with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Fields that are written to JSON and read back strictly."""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them; times in UTC as ``2026-11-22T10:00:00.000000Z``."""
        return {field.name: _to_json(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, data: Any, name: str = "") -> Self:
        """Read the fields. Raises ContractError for one that is missing or of the wrong type."""
        path = name or cls.__name__
        if not isinstance(data, Mapping):
            raise ContractError(f"{path}: expected an object, got {_shown(data)}")
        values = {}
        for field, wanted in _types(cls).items():  # type: ignore[arg-type]  # a class is hashable, as any class is
            if field not in data:
                raise ContractError(f"{path}.{field}: missing")
            values[field] = _from_json(wanted, data[field], f"{path}.{field}")
        return cls(**values)


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderLine(Record):
    """So many pieces of one product, at the price they were ordered at."""

    sku: str
    quantity: int
    unit_price_cents: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DomainEvent(Record):
    """Something that happened in the shop, named in the past tense.

    ``event_id`` and ``order_id`` are UUIDs, in lower case; whoever handles an event twice knows it by the first (T171).
    """

    VERSION: ClassVar[int] = 1

    event_id: str
    occurred_at: datetime
    order_id: str

    def detail(self) -> dict[str, Any]:
        """The message's ``detail``."""
        return {"version": self.VERSION, **self.to_json()}


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderPlaced(DomainEvent):
    """A customer has placed an order."""

    customer_id: str
    currency: str
    total_cents: int
    items: tuple[OrderLine, ...]
    promised_by: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentProcessed(DomainEvent):
    """The payment of an order has been taken."""

    customer_id: str
    currency: str
    total_cents: int
    payment_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InventoryReserved(DomainEvent):
    """Stock of a product has been reserved for an order."""

    sku: str
    quantity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderShipped(DomainEvent):
    """An order has left the warehouse."""

    customer_id: str
    carrier: str
    tracking_number: str


EVENTS: dict[str, type[DomainEvent]] = {
    event.__name__: event for event in (OrderPlaced, PaymentProcessed, InventoryReserved, OrderShipped)
}
"""Every event by its detail-type."""


def pattern(*events: type[DomainEvent]) -> dict[str, list[str]]:
    """The EventBridge pattern that matches exactly these events."""
    return {"source": [SOURCE], "detail-type": [event.__name__ for event in events]}


def parse(envelope: Any) -> DomainEvent:
    """The event in an EventBridge envelope. Raises ContractError for whatever is not one of ours, whole and typed."""
    if not isinstance(envelope, Mapping):
        raise ContractError(f"envelope: expected an object, got {_shown(envelope)}")
    for field, allowed in (("source", [SOURCE]), ("detail-type", list(EVENTS))):
        if envelope.get(field) not in allowed:
            raise ContractError(f"{field}: expected {' or '.join(allowed)}, got {_shown(envelope.get(field))}")
    event = EVENTS[envelope["detail-type"]]
    detail = envelope.get("detail")
    if not isinstance(detail, Mapping):
        raise ContractError(f"{event.__name__}: expected an object, got {_shown(detail)}")
    if detail.get("version") != event.VERSION or isinstance(detail.get("version"), bool):
        raise ContractError(f"{event.__name__}.version: expected {event.VERSION}, got {_shown(detail.get('version'))}")
    read = event.from_json(detail)
    _refuse_unfit(read, event.__name__)
    for name, value in (("event_id", read.event_id), ("order_id", read.order_id)):
        if not _is_uuid(value):
            raise ContractError(f"{event.__name__}.{name}: expected a UUID in lower case, got {_shown(value)}")
    if read.occurred_at < FIRST_MOMENT:
        raise ContractError(
            f"{event.__name__}.occurred_at: expected a time from {lake.FIRST_DAY}, got {read.occurred_at.isoformat()}"
        )
    return read


def check(event: DomainEvent) -> None:
    """Raise ContractError for an event that whoever receives it would refuse."""
    parse({"source": SOURCE, "detail-type": type(event).__name__, "detail": event.detail()})


def refuse_unfit(name: str, value: Any, path: str) -> None:
    """Raise ContractError for a field's value that is of its type, and longer or greater than agreed or misspelt."""
    if name == "sku" and len(value.encode()) > LONGEST_SKU:
        raise ContractError(f"{path}: expected at most {LONGEST_SKU} bytes, got {_shown(value)}")
    if name == "currency" and not re.fullmatch(CURRENCY, value):
        raise ContractError(f"{path}: expected three capital letters, got {_shown(value)}")
    if name in MOST and value > MOST[name]:
        raise ContractError(f"{path}: expected at most {MOST[name]}, got {_shown(value)}")


def refuse_future(event: DomainEvent, now: datetime) -> None:
    """Raise ContractError for an event that is dated more than MOST_AHEAD of `now`."""
    if event.occurred_at > now + MOST_AHEAD:
        raise ContractError(
            f"{type(event).__name__}.occurred_at: expected a time that has come, got {event.occurred_at.isoformat()}"
        )


def _refuse_unfit(record: Record, path: str) -> None:
    for field in fields(record):
        value, place = getattr(record, field.name), f"{path}.{field.name}"
        if isinstance(value, tuple):
            for index, item in enumerate(value):
                _refuse_unfit(item, f"{place}[{index}]")
        else:
            refuse_unfit(field.name, value, place)


@cache
def _types(record: type[Record]) -> dict[str, Any]:
    hints = get_type_hints(record)
    return {field.name: hints[field.name] for field in fields(record)}


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    return value


def _from_json(wanted: Any, value: Any, path: str) -> Any:
    if get_origin(wanted) is tuple:
        if not isinstance(value, list) or not value:
            raise ContractError(f"{path}: expected a list of one or more, got {_shown(value)}")
        return tuple(_from_json(get_args(wanted)[0], item, f"{path}[{index}]") for index, item in enumerate(value))
    if isinstance(wanted, type) and issubclass(wanted, Record):
        return wanted.from_json(value, path)
    if wanted is datetime:
        return _moment(value, path)
    if wanted is int and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ContractError(f"{path}: expected a whole number from 0, got {_shown(value)}")
    if wanted is str and not _is_text(value):
        raise ContractError(f"{path}: expected text, got {_shown(value)}")
    return value


def _is_text(value: Any) -> bool:
    """Whether this is text that PostgreSQL, S3 and SNS all take: not empty, no NUL, no half of a character."""
    if not isinstance(value, str) or not value or "\0" in value:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _is_uuid(text: str) -> bool:
    """Whether this is a UUID in the one form that compares as text."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _moment(value: Any, path: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ContractError(f"{path}: expected a time such as 2026-11-22T10:00:00Z, got {_shown(value)}") from None
    raise ContractError(f"{path}: expected a time with its zone, got {_shown(value)}")


def _shown(value: Any) -> str:
    """A value for an error's text: short, as it may be anything and may be a customer's."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
