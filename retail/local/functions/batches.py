"""A batch on its way from a queue to a function and back: gathering, the event, and which messages have failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from retail.local.functions.configured import Mapping

AT_A_TIME = 10
"""The most messages that SQS gives or deletes in one call."""

LOOK_SECONDS = 1
"""How long one call waits for a message. Lambda's pollers wait up to 20 s; a shorter wait ends sooner."""

Message = dict[str, Any]


def gather(sqs: Any, url: str, mapping: Mapping, has_ended: Callable[[], bool]) -> list[Message]:
    """The next batch: what has come within the window of the first message, or as many as a batch holds. May be empty.

    The messages stay hidden for as long as the queue says. Nothing is waited for once the mapping `has_ended`.
    """
    batch = _receive(sqs, url, min(mapping.batch_size, AT_A_TIME), LOOK_SECONDS)
    closes = time.monotonic() + mapping.window_seconds
    while batch and len(batch) < mapping.batch_size and not has_ended():
        left = closes - time.monotonic()
        if left <= 0:
            break
        wait = min(LOOK_SECONDS, int(left))
        more = _receive(sqs, url, min(mapping.batch_size - len(batch), AT_A_TIME), wait)
        batch += more
        if not more and not wait:
            time.sleep(min(left, 0.1))
    return batch


def event(batch: list[Message], mapping: Mapping) -> dict[str, Any]:
    """The event that a function is given for a batch."""
    return {"Records": [_record(message, mapping) for message in batch]}


def failed(answer: Any, batch: list[Message], mapping: Mapping) -> set[str]:
    """The ids of the messages that have failed by the function's answer.

    As Lambda reads it: nothing means none, and an answer that cannot be understood means all.
    """
    ids = {message["MessageId"] for message in batch}
    if not mapping.reports_failures or answer is None:
        return set()
    try:
        named = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures") or ()}
    except (AttributeError, KeyError, TypeError):
        return ids
    return named if named <= ids else ids


def delete(sqs: Any, url: str, batch: list[Message]) -> None:
    """Take messages that are done off the queue."""
    for start in range(0, len(batch), AT_A_TIME):
        entries = [
            {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
            for index, message in enumerate(batch[start : start + AT_A_TIME])
        ]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)


def _receive(sqs: Any, url: str, most: int, wait_seconds: int) -> list[Message]:
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=most,
        WaitTimeSeconds=wait_seconds,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return answer.get("Messages", [])


def _record(message: Message, mapping: Mapping) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {key[0].lower() + key[1:]: value for key, value in attribute.items()}
            for name, attribute in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.queue_arn,
        "awsRegion": mapping.queue_arn.split(":")[3],
    }
