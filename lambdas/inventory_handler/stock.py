"""Stock in Aurora: what was reserved is taken off, once for each event (T171)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from retail.contracts import metrics
from retail.contracts.events import InventoryReserved
from retail.runtime.database import Connection

log = logging.getLogger(__name__)

CONSUMER = "inventory"
"""As whom this function is known in processed_events."""

# Two statements in one round trip, and so in one transaction. The products' rows are locked first and in the order of
# their keys, so that two batches wait for each other and never both ways. The second statement sees what was committed
# before it began, so after the locks are had: which events are new, and what there is of each product.
LOCK = """
SELECT FROM stock WHERE sku = ANY(%(skus)s) ORDER BY sku FOR UPDATE
"""

# What an event leaves is kept with it, so that it can be told again. An event of a product without stock is not marked
# as processed.
TAKE = """
WITH given AS (
    SELECT DISTINCT ON (event_id) event.*, on_hand, earlier.consumer IS NULL AS is_new, earlier.stock_after
    FROM jsonb_to_recordset(%(events)s) AS event(event_id uuid, occurred_at timestamptz, sku text, quantity bigint)
    JOIN stock USING (sku)
    LEFT JOIN processed_events AS earlier ON earlier.event_id = event.event_id AND earlier.consumer = %(consumer)s
), running AS (
    SELECT event_id, sku, quantity,
           on_hand - sum(quantity) OVER (PARTITION BY sku ORDER BY occurred_at, event_id) AS left_over
    FROM given WHERE is_new
), fresh AS (
    INSERT INTO processed_events (event_id, consumer, stock_after)
    SELECT event_id, %(consumer)s, greatest(left_over, 0)::int FROM running ORDER BY event_id
    ON CONFLICT DO NOTHING
    RETURNING event_id
), total AS (
    SELECT sku, sum(quantity) AS taken FROM running JOIN fresh USING (event_id) GROUP BY sku
), changed AS (
    UPDATE stock SET on_hand = greatest(on_hand - taken, 0), reserved = greatest(reserved - taken, 0)
    FROM total WHERE stock.sku = total.sku
)
SELECT event_id, coalesce(left_over, stock_after, on_hand)::bigint
FROM given LEFT JOIN running USING (event_id)
"""


def take(connection: Connection, events: Sequence[InventoryReserved]) -> dict[UUID, int]:
    """Take the events' quantities off, never below zero; returns the stock right after each event, by its id.

    For an event seen before it is what was so when it was taken, and for one that was taken before this was kept the
    stock that there is. An event whose product has no stock is left out. More sold than there was is logged: the shop
    and the shelf differ. Raises psycopg.DataError for an event that cannot be stored.
    """
    values = {
        "events": Jsonb([event.to_json() for event in events]),
        "skus": [event.sku for event in events],
        "consumer": CONSUMER,
    }
    with connection.pipeline():
        connection.execute(LOCK, values)
        taken = connection.execute(TAKE, values)
    after: dict[UUID, int] = dict(taken.fetchall())
    for event in events:
        if after.get(UUID(event.event_id), 0) < 0:
            log.error(
                "more is sold than there was",
                extra={"sku": event.sku, "order_id": event.order_id, "metrics": {metrics.RESERVATIONS_OVERSOLD: 1}},
            )
    return {event_id: max(left, 0) for event_id, left in after.items()}
