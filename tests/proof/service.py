"""What Lambda does between a queue and a function: an event source mapping with ReportBatchItemFailures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

BATCH = 10
HIDDEN_SECONDS = 30
"""How long a batch stays hidden that is being worked on."""


class Context:
    """What of Lambda's context the functions read."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@dataclass(frozen=True)
class Mapping:
    """A queue and the function behind it."""

    sqs: Any
    queue: str
    handler: Handler

    def poll(self, hidden_seconds: int = HIDDEN_SECONDS) -> int:
        """Give the function one batch, and delete what it does not report as failed; returns the batch's size.

        The failed are visible again at once, where Lambda would let their time pass. An exception fails all.
        """
        received = self.sqs.receive_message(
            QueueUrl=self.queue,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=hidden_seconds,
            AttributeNames=["All"],
            WaitTimeSeconds=0,
        ).get("Messages", [])
        if not received:
            return 0
        try:
            answer = self.handler({"Records": [self._record(message) for message in received]}, Context())
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        except Exception:
            failed = {message["MessageId"] for message in received}
        for message in received:
            receipt = {"QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"]}
            if message["MessageId"] in failed:
                self.sqs.change_message_visibility(**receipt, VisibilityTimeout=0)
            else:
                self.sqs.delete_message(**receipt)
        return len(received)

    def drain(self, seconds: float = 60) -> None:
        """Work until no message is left. One that always fails is moved by the queue itself after three receives."""
        deadline = time.monotonic() + seconds
        while self.waiting():
            assert time.monotonic() < deadline, f"{self.queue} is not worked off in {seconds} s"
            if not self.poll():
                time.sleep(0.02)

    def waiting(self) -> int:
        """How many messages are in the queue, hidden ones included."""
        return waiting(self.sqs, self.queue)

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{self.queue.rsplit('/', 1)[-1]}",
            "awsRegion": "us-east-1",
        }


def waiting(sqs: Any, queue: str) -> int:
    """How many messages are in a queue, hidden ones included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)
