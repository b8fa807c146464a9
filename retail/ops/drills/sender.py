"""Sends failed messages back to where they failed, a queue or the bus, no faster than asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from retail.ops.drills.letters import Letter
from retail.ops.drills.pile import BATCH
from retail.ops.drills.place import Place
from retail.ops.drills.queues import Failed

MOST_BYTES = 200_000
"""Of bodies in one call, well below what SQS and EventBridge take."""


class Sender:
    """What one redrive has sent, and by which ids it knows that again."""

    def __init__(self, place: Place, queue: Failed, rate: float) -> None:
        self._target = place.made(queue.stack, queue.returns_to)
        self._client = place.client("events" if queue.is_of_bus else "sqs")
        self._send = self._to_bus if queue.is_of_bus else self._to_queue
        self._rate = rate
        self._due = time.monotonic()
        self._sent: set[str] = set()

    def has_sent(self, letter: Letter) -> bool:
        """Whether a message is one of these, and has failed again: it then keeps the id that it was given."""
        return letter.id in self._sent or letter.value("id") in self._sent

    def send(self, parcel: list[Letter]) -> list[Letter]:
        """Send as many as one call takes; returns those that were accepted."""
        time.sleep(max(0.0, self._due - time.monotonic()))
        self._due = max(self._due, time.monotonic()) + len(parcel) / self._rate
        ids = self._send(parcel)
        self._sent |= ids.keys()
        return [parcel[number] for number in ids.values()]

    def _to_queue(self, parcel: list[Letter]) -> dict[str, int]:
        """New id and place in the parcel of what was accepted."""
        entries = [
            {
                "Id": str(number),
                "MessageBody": letter.body,
                "MessageAttributes": letter.attributes,
                **({"MessageSystemAttributes": _trace(letter)} if letter.trace else {}),
            }
            for number, letter in enumerate(parcel)
        ]
        answer = self._client.send_message_batch(QueueUrl=self._target, Entries=entries)
        return {done["MessageId"]: int(done["Id"]) for done in answer.get("Successful", [])}

    def _to_bus(self, parcel: list[Letter]) -> dict[str, int]:
        """The same for events; what is none the bus would refuse."""
        entries = {
            number: {
                "EventBusName": self._target,
                "Source": letter.value("source"),
                "DetailType": letter.value("detail-type"),
                "Detail": letter.value("detail"),
            }
            for number, letter in enumerate(parcel)
        }
        events = {number: entry for number, entry in entries.items() if all(entry.values())}
        if not events:
            return {}
        results = self._client.put_events(Entries=list(events.values()))["Entries"]
        return {each["EventId"]: number for number, each in zip(events, results, strict=True) if each.get("EventId")}


def parcels(letters: list[Letter]) -> Iterator[list[Letter]]:
    """The messages in order, as many at a time as one call takes."""
    parcel: list[Letter] = []
    size = 0
    for letter in letters:
        bytes_more = len(letter.body.encode())
        if parcel and (len(parcel) == BATCH or size + bytes_more > MOST_BYTES):
            yield parcel
            parcel, size = [], 0
        parcel.append(letter)
        size += bytes_more
    if parcel:
        yield parcel


def _trace(letter: Letter) -> dict[str, Any]:
    return {"AWSTraceHeader": {"DataType": "String", "StringValue": letter.trace}}
