"""What Lambda calls for a batch of InventoryReserved."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from lambdas.inventory_handler import stock
from retail.contracts import metrics, settings
from retail.contracts.events import InventoryReserved
from retail.runtime import aws, functions, lake, sqs
from retail.runtime import cache as shop_cache
from retail.runtime.database import Session
from retail.runtime.logging import configure

log = logging.getLogger(__name__)

CACHE_SECONDS = 1.0
"""How long the cache may take here, where no shopper waits."""


def process(
    batch: dict[str, Any],
    told: settings.InventoryHandler,
    session: Session,
    shop: shop_cache.Cache,
    s3: Any,
    seconds_left: Callable[[], float],
    now: Callable[[], datetime],
) -> dict[str, Any]:
    """Take the batch's reserved stock off in Aurora, drop its products from the cache, then archive its events.

    Returns which messages have failed. A cache that is down fails none of them: what it holds has a lifetime. Raises
    when Aurora or S3 is out of reach, so that nothing counts as done.
    """
    messages, unreadable = sqs.read(batch, sqs.event_of(InventoryReserved, now=now))

    def take(events: Sequence[InventoryReserved]) -> dict[UUID, int]:
        return session.run(lambda connection: stock.take(connection, events))

    taken, spoilt = functions.settle(take, messages, seconds_left)
    after = {event_id: left for each in taken for event_id, left in each.items()}
    done, unknown = [], []
    for message in messages:
        if message.id in spoilt:
            continue
        if UUID(message.content.event_id) in after:
            done.append(message.content)
        else:
            log.error("a product has no stock", extra={"message_id": message.id, "sku": message.content.sku})
            unknown.append(message.id)

    # The next shopper is to see what is left, whatever S3 says.
    dropped = shop.drop(*sorted({shop_cache.product_key(event.sku) for event in done}))
    records = [lake.record(event) | {"stock_after": after[UUID(event.event_id)]} for event in done]
    objects = lake.write(s3, told.lake_bucket, "inventory", records)
    counts = {metrics.EVENTS_ARCHIVED: len(done)}
    log.info("stock taken", extra={"objects": objects, "cache_reached": dropped, "metrics": counts})
    return sqs.failures([*unreadable, *spoilt, *unknown])


def handler(batch: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's way in."""
    told, session, shop, s3 = _parts()

    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis() / 1000)

    return process(batch, told, session, shop, s3, seconds_left, lambda: datetime.now(UTC))


@cache
def _parts() -> tuple[settings.InventoryHandler, Session, shop_cache.Cache, Any]:
    """What all invocations share."""
    configure("inventory-handler")
    told = settings.InventoryHandler.read(os.environ)
    credentials = shop_cache.IamCredentials(told.cache_name, told.cache_user)
    shop = shop_cache.Cache(
        lambda: shop_cache.connect(told.cache_host, int(told.cache_port), credentials, seconds=CACHE_SECONDS)
    )
    return told, functions.session(told, aws.client("secretsmanager")), shop, aws.client("s3")
