"""A failed message as an operator sees it: what it tells, how old it is, and the likely reason of its failure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from retail.ops.cli import InputError
from retail.ops.drills.queues import Failed

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
SHOWN = 10
"""How many messages a preview shows one by one."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of a queue of failed ones."""

    id: str
    receipt: str
    body: str
    attributes: dict[str, Any]
    trace: str  # X-Ray's header, or empty
    sent_at: datetime  # to the queue where it failed, not to the dead letters (T158)

    @classmethod
    def of(cls, message: dict[str, Any]) -> Letter:
        """A message as SQS gives it, with all of its attributes."""
        system = message["Attributes"]
        return cls(
            id=message["MessageId"],
            receipt=message["ReceiptHandle"],
            body=message["Body"],
            attributes=message.get("MessageAttributes", {}),
            trace=system.get("AWSTraceHeader", ""),
            sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        )

    def content(self) -> Any:
        """The body's JSON, or None."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def value(self, path: str) -> str:
        """What stands in the body under a dotted path, as text; empty if nothing does."""
        found = self.content()
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return "" if found is None else found if isinstance(found, str) else json.dumps(found)

    def kind(self) -> str:
        """The event's type."""
        return self.value("detail-type") or "no event"

    def why(self, queue: Failed) -> str:
        """The likely reason: what EventBridge noted, or what keeps its function from reading it."""
        noted = [self.attributes.get(name, {}).get("StringValue", "") for name in ("ERROR_CODE", "ERROR_MESSAGE")]
        if not queue.worker and any(noted):
            return ": ".join(filter(None, noted))
        try:
            queue.read(json.loads(self.body))
        except (ValueError, RecursionError) as error:
            return f"cannot be read: {error}"
        return f"can be read; the log of {queue.worker} says more" if queue.worker else "can be read"

    def line(self, now: datetime) -> str:
        """The message in one line."""
        about = " ".join(
            f"{name} {value}" for name in ("event_id", "order_id") if (value := self.value(f"detail.{name}"))
        )
        return f"{self.kind()} {about or self.id}, {age(now - self.sent_at)} old"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages: those for which all of this holds."""

    values: dict[str, str]  # by dotted path
    oldest: timedelta | None = None
    youngest: timedelta | None = None

    def takes(self, letter: Letter, now: datetime) -> bool:
        """Whether a message is among them."""
        old = now - letter.sent_at
        return (
            all(letter.value(path) == value for path, value in self.values.items())
            and (self.oldest is None or old <= self.oldest)
            and (self.youngest is None or old >= self.youngest)
        )


def summary(letters: Iterable[Letter], queue: Failed, now: datetime) -> Iterator[str]:
    """The messages by type and reason, with their ages, then the first of them one by one."""
    found = sorted(letters, key=lambda letter: letter.sent_at)
    for (kind, reason), count in Counter((each.kind(), each.why(queue)) for each in found).most_common():
        ages = [now - each.sent_at for each in found if (each.kind(), each.why(queue)) == (kind, reason)]
        yield f"  {count} {kind}, {age(min(ages))} to {age(max(ages))} old: {reason}"
    for letter in found[:SHOWN]:
        yield f"    {letter.line(now)}"
    if len(found) > SHOWN:
        yield f"    and {len(found) - SHOWN} more"


def age(span: timedelta) -> str:
    """A span of time in the largest unit that fits, e.g. ``3 h``."""
    seconds = max(int(span.total_seconds()), 0)
    unit = next((unit for unit in reversed(SECONDS) if seconds >= SECONDS[unit]), "s")
    return f"{seconds // SECONDS[unit]} {unit}"


def span(option: str, given: str) -> timedelta | None:
    """A span of time as the operator gives it, e.g. ``90s``, ``15m``, ``2h`` or ``3d``. Raises InputError."""
    if not given:
        return None
    matched = re.fullmatch(r"(\d{1,6})([smhd])", given)
    if not matched:
        raise InputError(f"{option} {given}: give a number and its unit, such as 90s, 15m, 2h or 3d")
    return timedelta(seconds=int(matched[1]) * SECONDS[matched[2]])
