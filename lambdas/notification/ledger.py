"""What customers have been told already: queues deliver more than once, and nobody wants a second mail (T171, T172)."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from retail.contracts.told import EVENT_ID, EXPIRES_AT

KEPT_SECONDS = 30 * 86_400
"""Longer than an event can lie in the queue and among the dead letters (T158)."""

TRIES = 5
FIRST_PAUSE_SECONDS = 0.05


class Ledger:
    """A DynamoDB table of event ids."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def told(self, event_ids: Collection[str]) -> set[str]:
        """Which of these events customers know of; 100 at the most. Raises TimeoutError when DynamoDB throttles."""
        if not event_ids:
            return set()
        keys = [{EVENT_ID: {"S": event_id}} for event_id in event_ids]
        wanted: dict[str, Any] = {self._table: {"Keys": keys, "ConsistentRead": True}}
        found: set[str] = set()
        for pause in _pauses():
            answer = self._dynamodb.batch_get_item(RequestItems=wanted)
            found |= {item[EVENT_ID]["S"] for item in answer["Responses"].get(self._table, [])}
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                return found
            time.sleep(pause)
        raise TimeoutError(f"{self._table} does not answer for all events")

    def note(self, event_ids: Collection[str]) -> None:
        """Customers know of these events now; 25 at the most. Raises TimeoutError when DynamoDB throttles."""
        if not event_ids:
            return
        expires = {"N": str(int(time.time()) + KEPT_SECONDS)}
        items = [{"PutRequest": {"Item": {EVENT_ID: {"S": each}, EXPIRES_AT: expires}}} for each in event_ids]
        wanted: dict[str, Any] = {self._table: items}
        for pause in _pauses():
            wanted = self._dynamodb.batch_write_item(RequestItems=wanted).get("UnprocessedItems") or {}
            if not wanted:
                return
            time.sleep(pause)
        raise TimeoutError(f"{self._table} does not take all events")


def _pauses() -> list[float]:
    return [FIRST_PAUSE_SECONDS * 2**number for number in range(TRIES)]
