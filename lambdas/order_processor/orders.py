"""Orders in Aurora, from events that come in any order and more than once (T171, T172)."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from retail.contracts.events import OrderPlaced, PaymentProcessed
from retail.runtime import lake
from retail.runtime.database import Connection

CONSUMER = "orders"
"""As whom this function is known in processed_events."""

# One round trip for a batch. The rows are written in the order of their keys, so that two batches wait for each other
# and never both ways. An order may come twice in a batch, once placed and once paid or by an event that is there twice,
# and is inserted as what all of them say of it.
UPSERT = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(records)s) AS record(
        event_id uuid, event_type text, occurred_at timestamptz, order_id uuid, customer_id text, currency text,
        total_cents bigint, items jsonb, promised_by timestamptz, payment_id text)
), fresh AS (
    INSERT INTO processed_events (event_id, consumer)
    SELECT event_id, %(consumer)s FROM given ORDER BY event_id
    ON CONFLICT DO NOTHING
    RETURNING event_id
), news AS (
    SELECT given.* FROM given JOIN fresh USING (event_id)
), upserted AS (
    INSERT INTO orders (order_id, customer_id, status, currency, total_cents,
                        placed_at, paid_at, promised_by, payment_id, processed_at)
    SELECT order_id, min(customer_id),
           CASE WHEN bool_or(event_type = %(paid)s) THEN 'paid' ELSE 'placed' END,
           min(currency), min(total_cents),
           min(occurred_at) FILTER (WHERE event_type = %(placed)s),
           min(occurred_at) FILTER (WHERE event_type = %(paid)s),
           min(promised_by), min(payment_id), now()
    FROM news GROUP BY order_id ORDER BY order_id
    ON CONFLICT (order_id) DO UPDATE SET
        status = CASE orders.status WHEN 'placed' THEN excluded.status ELSE orders.status END,
        placed_at = coalesce(orders.placed_at, excluded.placed_at),
        paid_at = coalesce(orders.paid_at, excluded.paid_at),
        promised_by = coalesce(orders.promised_by, excluded.promised_by),
        payment_id = coalesce(orders.payment_id, excluded.payment_id),
        processed_at = excluded.processed_at
), lines AS (
    INSERT INTO order_lines (order_id, line_no, sku, quantity, unit_price_cents)
    SELECT order_id, line_no, item ->> 'sku', (item ->> 'quantity')::int, (item ->> 'unit_price_cents')::bigint
    FROM news, jsonb_array_elements(items) WITH ORDINALITY AS line(item, line_no)
    WHERE event_type = %(placed)s
    ORDER BY order_id, line_no
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM fresh
"""


def upsert(connection: Connection, events: Sequence[OrderPlaced | PaymentProcessed]) -> int:
    """Write what these events say, all or nothing; returns how many of them are new.

    Raises psycopg.DataError or psycopg.IntegrityError for an event that no order can hold.
    """
    records = Jsonb([lake.record(event) for event in events])
    values = {
        "records": records,
        "consumer": CONSUMER,
        "placed": OrderPlaced.__name__,
        "paid": PaymentProcessed.__name__,
    }
    row = connection.execute(UPSERT, values).fetchone()
    assert row is not None, "a count is a row"
    return int(row[0])
