"""What Lambda calls for a batch of OrderPlaced and PaymentProcessed."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from lambdas.order_processor import orders
from retail.contracts import metrics, settings
from retail.contracts.events import OrderPlaced, PaymentProcessed
from retail.runtime import aws, functions, lake, sqs
from retail.runtime.database import Session
from retail.runtime.logging import configure

log = logging.getLogger(__name__)

OrderEvent = OrderPlaced | PaymentProcessed


def process(
    batch: dict[str, Any],
    told: settings.OrderProcessor,
    session: Session,
    s3: Any,
    seconds_left: Callable[[], float],
    now: Callable[[], datetime],
) -> dict[str, Any]:
    """Write the batch's orders to Aurora, then archive its events; returns which messages have failed.

    An event seen before is archived again: who saw it may not have come so far. Raises when Aurora or S3 is out of
    reach, so that nothing counts as done.
    """
    read_event: Callable[[Any], OrderEvent] = sqs.event_of(OrderPlaced, PaymentProcessed, now=now)
    messages, unreadable = sqs.read(batch, read_event)

    def write(events: Sequence[OrderEvent]) -> int:
        return session.run(lambda connection: orders.upsert(connection, events))

    written, spoilt = functions.settle(write, messages, seconds_left)
    done = [message.content for message in messages if message.id not in spoilt]
    objects = lake.write(s3, told.lake_bucket, "orders", [lake.record(event) for event in done])
    counts = {metrics.ORDER_EVENTS_WRITTEN: sum(written), metrics.EVENTS_ARCHIVED: len(done)}
    log.info("orders written", extra={"objects": objects, "metrics": counts})
    return sqs.failures([*unreadable, *spoilt])


def handler(batch: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's way in."""
    told, session, s3 = _parts()

    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis() / 1000)

    return process(batch, told, session, s3, seconds_left, lambda: datetime.now(UTC))


@cache
def _parts() -> tuple[settings.OrderProcessor, Session, Any]:
    """What all invocations share."""
    configure("order-processor")
    told = settings.OrderProcessor.read(os.environ)
    return told, functions.session(told, aws.client("secretsmanager")), aws.client("s3")
