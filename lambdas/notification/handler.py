"""What Lambda calls for a batch of OrderPlaced and OrderShipped."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from lambdas.notification import texts
from lambdas.notification.ledger import Ledger
from retail.contracts import metrics, settings
from retail.contracts.events import OrderPlaced, OrderShipped
from retail.runtime import aws, sqs
from retail.runtime.logging import configure

log = logging.getLogger(__name__)

MOST_ENTRIES = 10
"""What one PublishBatch takes."""

OWN_FAULT = ("BatchRequestTooLong", "InvalidParameter", "ParameterValueInvalid", "ValidationException")
"""What one event can do to the call for all."""

OrderEvent = OrderPlaced | OrderShipped


def process(
    batch: dict[str, Any], told: settings.Notification, sns: Any, ledger: Ledger, now: Callable[[], datetime]
) -> dict[str, Any]:
    """Publish the batch's events to the topic, once for each event; returns which messages have failed.

    An event of a replay is passed by, its customer was told long ago (T171); so is one that the ledger holds. What is
    published is noted afterwards: a function that dies between the two tells a customer twice rather than never.
    Raises when SNS or DynamoDB is out of reach.
    """
    messages, failed = sqs.read(batch, _unless_replayed(sqs.event_of(OrderPlaced, OrderShipped, now=now)))
    events = {message.content.event_id: message.content for message in messages if message.content}
    replayed = sum(message.content is None for message in messages)

    known = ledger.told(events)
    refused = set()
    for some in _chunks([event for event in events.values() if event.event_id not in known]):
        not_taken = _publish(sns, told.topic_arn, some)
        ledger.note({event.event_id for event in some} - not_taken)
        refused |= not_taken
    published = len(events) - len(known) - len(refused)
    counts = {metrics.CUSTOMERS_TOLD: published}
    log.info("customers told", extra={"known": len(known), "replayed": replayed, "metrics": counts})
    failed += [message.id for message in messages if message.content and message.content.event_id in refused]
    return sqs.failures(failed)


def _unless_replayed(read_event: Callable[[Any], OrderEvent]) -> Callable[[Any], OrderEvent | None]:
    """A reader to None of what is replayed. The rule passes replayed events by, but a rule is easily edited."""

    def reader(envelope: Any) -> OrderEvent | None:
        event = read_event(envelope)
        return None if "replay-name" in envelope else event

    return reader


def _chunks(events: Sequence[OrderEvent]) -> Iterator[Sequence[OrderEvent]]:
    for start in range(0, len(events), MOST_ENTRIES):
        yield events[start : start + MOST_ENTRIES]


def _publish(sns: Any, topic: str, events: Sequence[OrderEvent]) -> set[str]:
    """Publish up to MOST_ENTRIES events, each alone where one spoils the call; returns the ids of those SNS refuses."""
    entries = [
        {
            "Id": str(index),
            "Subject": texts.subject(event),
            "Message": texts.text(event),
            # By these a subscription's filter policy chooses (T173).
            "MessageAttributes": {
                "event_type": _attribute(type(event).__name__),
                "event_id": _attribute(event.event_id),
                "customer_id": _attribute(event.customer_id),
            },
        }
        for index, event in enumerate(events)
    ]
    try:
        failures = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries).get("Failed", [])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in OWN_FAULT:
            raise
        if len(events) > 1:
            return {event_id for event in events for event_id in _publish(sns, topic, [event])}
        failures = [{"Id": "0", "Code": code}]
    refused = set()
    for failure in failures:
        event = events[int(failure["Id"])]
        log.error("SNS refuses an event", extra={"event_id": event.event_id, "code": failure["Code"]})
        refused.add(event.event_id)
    return refused


def _attribute(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def handler(batch: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's way in."""
    return process(batch, *_parts(), lambda: datetime.now(UTC))


@cache
def _parts() -> tuple[settings.Notification, Any, Ledger]:
    """What all invocations share."""
    configure("notification")
    told = settings.Notification.read(os.environ)
    return told, aws.client("sns"), Ledger(aws.client("dynamodb"), told.told_table)
