"""Batches of SQS messages: reading them, and telling Lambda which have failed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from retail.contracts.events import ContractError, DomainEvent, parse, refuse_future

log = logging.getLogger(__name__)
T = TypeVar("T")
E = TypeVar("E", bound=DomainEvent)


@dataclass(frozen=True, slots=True)
class Message(Generic[T]):
    """A message that could be read."""

    id: str
    content: T


def read(batch: Mapping[str, Any], reader: Callable[[Any], T]) -> tuple[list[Message[T]], list[str]]:
    """The messages that `reader` can read from their bodies' JSON, and the ids of the others, which are logged.

    A ValueError of the reader, such as a ContractError, says that it cannot.
    """
    messages, failed = [], []
    for record in batch["Records"]:
        try:
            messages.append(Message(record["messageId"], reader(json.loads(record["body"]))))
        # JSON nested too deeply ends in a RecursionError.
        except (ValueError, RecursionError) as error:
            log.error("a message cannot be read", extra={"message_id": record["messageId"], "error": str(error)})
            failed.append(record["messageId"])
    return messages, failed


def event_of(*kinds: type[E], now: Callable[[], datetime]) -> Callable[[Any], E]:
    """A reader of EventBridge envelopes that hold one of these events, and none of a day that is yet to come."""

    def reader(envelope: Any) -> E:
        event = parse(envelope)
        if not isinstance(event, kinds):
            raise ContractError(f"detail-type: {type(event).__name__} does not belong in this queue")
        refuse_future(event, now())
        return event

    return reader


def failures(ids: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """The answer by which Lambda deletes every message of the batch but these (T161)."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}
