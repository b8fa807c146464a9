"""A queue of failed messages, looked through once: taken out of it, or put back as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from retail.ops.drills.letters import Letter

T = TypeVar("T")

BATCH = 10
"""What SQS takes and gives in one call."""

HIDDEN_SECONDS = 300
"""How long a message that was looked at stays hidden from others, should its drill be killed."""


class Pile:
    """The messages of one queue. What is not taken is visible again when the block ends."""

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url
        self._held: dict[str, Letter] = {}

    def __enter__(self) -> Pile:
        return self

    def __exit__(self, *_: object) -> None:
        for some in chunks(list(self._held.values()), BATCH):
            entries = [_entry(number, each) | {"VisibilityTimeout": 0} for number, each in enumerate(some)]
            # One that is refused is visible already.
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def batches(self) -> Iterator[list[Letter]]:
        """Every message once, ten at the most at a time."""
        while received := self._receive():
            letters = [Letter.of(message) for message in received]
            new = [letter for letter in letters if letter.id not in self._held]
            # One that has come back in the meantime is held by its latest receipt.
            self._held |= {letter.id: letter for letter in letters}
            yield new

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=1,  # whoever waits asks all of SQS's servers, so that nothing means empty
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        )
        received: list[dict[str, Any]] = answer.get("Messages", [])
        return received

    def take(self, letters: Iterable[Letter]) -> None:
        """Delete messages that are somewhere else by now."""
        for some in chunks(list(letters), BATCH):
            entries = [_entry(number, each) for number, each in enumerate(some)]
            answer = self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
            for done in answer.get("Successful", []):
                self._held.pop(some[int(done["Id"])].id, None)

    def left(self) -> int:
        """How many messages stay, of those that were looked at."""
        return len(self._held)


def _entry(number: int, letter: Letter) -> dict[str, Any]:
    return {"Id": str(number), "ReceiptHandle": letter.receipt}


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, so many at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))
