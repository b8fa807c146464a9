"""Stock in Aurora: what was reserved is taken off, once for each event (T171)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from retail.contracts.events import InventoryReserved
from retail.runtime.database import Connection

log = logging.getLogger(__name__)

CONSUMER = "inventory"
"""As whom this function is known in processed_events."""

# One round trip for a batch. The products' rows are locked first and in the order of their keys, so that two batches
# wait for each other and never both ways, and so that what each event leaves can be told from what there was. An event
# of a product without stock is not marked as processed.
TAKE = """
WITH given AS (
    SELECT DISTINCT ON (event_id) *
    FROM jsonb_to_recordset(%(events)s) AS event(event_id uuid, occurred_at timestamptz, sku text, quantity bigint)
), held AS (
    SELECT sku, on_hand FROM stock WHERE sku IN (SELECT sku FROM given) ORDER BY sku FOR UPDATE
), fresh AS (
    INSERT INTO processed_events (event_id, consumer)
    SELECT event_id, %(consumer)s FROM given JOIN held USING (sku) ORDER BY event_id
    ON CONFLICT DO NOTHING
    RETURNING event_id
), running AS (
    SELECT event_id, sku, sum(quantity) OVER (PARTITION BY sku ORDER BY occurred_at, event_id) AS taken
    FROM given JOIN fresh USING (event_id)
), total AS (
    SELECT sku, max(taken) AS taken FROM running GROUP BY sku
), changed AS (
    UPDATE stock SET on_hand = greatest(on_hand - taken, 0), reserved = greatest(reserved - taken, 0)
    FROM total WHERE stock.sku = total.sku
)
SELECT given.event_id, (held.on_hand - coalesce(running.taken, total.taken, 0))::bigint
FROM given
JOIN held ON held.sku = given.sku
LEFT JOIN running ON running.event_id = given.event_id
LEFT JOIN total ON total.sku = given.sku
"""


def take(connection: Connection, events: Sequence[InventoryReserved]) -> dict[UUID, int]:
    """Take the events' quantities off, never below zero; returns the stock after each event, by its id.

    For an event seen before it is the stock after the batch. An event whose product has no stock is left out.
    More sold than there was is logged: the shop and the shelf differ. Raises psycopg.DataError for an event that cannot
    be stored.
    """
    rows = connection.execute(
        TAKE, {"events": Jsonb([event.to_json() for event in events]), "consumer": CONSUMER}
    ).fetchall()
    after: dict[UUID, int] = dict(rows)
    for event in events:
        if after.get(UUID(event.event_id), 0) < 0:
            log.error("more is sold than there was", extra={"sku": event.sku, "order_id": event.order_id})
    return {event_id: max(left, 0) for event_id, left in after.items()}
