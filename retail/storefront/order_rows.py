"""Orders in PostgreSQL: the statements, and an order to its rows and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from retail.contracts.events import DomainEvent
from retail.runtime.database import Connection
from retail.storefront.order_types import NoSuchOrderError, Order

SELECTED = """
SELECT order_id, customer_id, status, currency, total_cents, placed_at, paid_at, shipped_at, promised_by, carrier,
       tracking_number,
       (SELECT coalesce(json_agg(json_build_object('sku', sku, 'quantity', quantity,
                                                   'unit_price_cents', unit_price_cents) ORDER BY line_no), '[]')
        FROM order_lines WHERE order_lines.order_id = orders.order_id) AS lines
FROM orders
"""
ONE = f"{SELECTED} WHERE order_id = %s"
OF_CUSTOMER = f"{SELECTED} WHERE customer_id = %s ORDER BY placed_at DESC NULLS LAST LIMIT %s"
PAID = f"{SELECTED} WHERE status = 'paid' ORDER BY paid_at LIMIT %s"

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
BY_KEY = "SELECT order_id FROM orders WHERE customer_id = %s AND idempotency_key = %s"

# Everybody locks in the same order, so that two checkouts of the same products never wait for each other.
OFFERED = """
SELECT sku, price_cents, currency, on_hand - reserved
FROM stock JOIN products USING (sku)
WHERE sku = ANY(%s) AND is_active
ORDER BY sku
FOR NO KEY UPDATE OF stock
"""

TOLD = """
INSERT INTO outbox (event_id, detail_type, detail)
SELECT event_id, detail_type, detail
FROM jsonb_to_recordset(%(events)s) AS told(event_id uuid, detail_type text, detail jsonb)
"""

PLACE = f"""
WITH wanted AS (
    SELECT * FROM unnest(%(skus)s::text[], %(quantities)s::int[], %(prices)s::bigint[])
    WITH ORDINALITY AS wanted(sku, quantity, price_cents, line_no)
), reserved AS (
    UPDATE stock SET reserved = reserved + quantity FROM wanted WHERE stock.sku = wanted.sku
), placed AS (
    INSERT INTO orders (order_id, customer_id, status, currency, total_cents, placed_at, promised_by, idempotency_key)
    VALUES (%(order_id)s, %(customer_id)s, %(status)s, %(currency)s, %(total_cents)s, %(placed_at)s, %(promised_by)s,
            %(idempotency_key)s)
), lines AS (
    INSERT INTO order_lines (order_id, line_no, sku, quantity, unit_price_cents)
    SELECT %(order_id)s, line_no, sku, quantity, price_cents FROM wanted
)
{TOLD}
"""

PAY = f"""
WITH paid AS (
    UPDATE orders SET status = 'paid', paid_at = %(now)s, payment_id = %(payment_id)s
    WHERE order_id = %(order_id)s AND status = 'placed'
    RETURNING 1
)
{TOLD}
WHERE EXISTS (SELECT FROM paid)
"""

SHIP = f"""
WITH shipped AS (
    UPDATE orders SET status = 'shipped', shipped_at = %(now)s, carrier = %(carrier)s,
                      tracking_number = %(tracking_number)s
    WHERE order_id = %(order_id)s AND status = 'paid'
    RETURNING 1
)
{TOLD}
WHERE EXISTS (SELECT FROM shipped)
"""


def outbox_rows(events: Iterable[DomainEvent]) -> Jsonb:
    """Events as TOLD takes them."""
    return Jsonb(
        [
            {"event_id": event.event_id, "detail_type": type(event).__name__, "detail": event.detail()}
            for event in events
        ]
    )


def read(connection: Connection, order_id: UUID) -> Order:
    """An order. Raises NoSuchOrderError."""
    found = listed(connection, ONE, [order_id])
    if not found:
        raise NoSuchOrderError("There is no such order.")
    return found[0]


def listed(connection: Connection, selected: str, values: list[Any]) -> tuple[Order, ...]:
    """The orders that a statement beginning with SELECTED finds."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return tuple(Order(**row) for row in cursor.execute(selected, values).fetchall())


def place(connection: Connection, order: Order, idempotency_key: str, events: list[DomainEvent]) -> None:
    """Write all that an order is, in one statement."""
    connection.execute(
        PLACE,
        {
            "skus": [line.sku for line in order.lines],
            "quantities": [line.quantity for line in order.lines],
            "prices": [line.unit_price_cents for line in order.lines],
            "idempotency_key": idempotency_key,
            "events": outbox_rows(events),
            **order.model_dump(exclude={"lines"}),
        },
    )
