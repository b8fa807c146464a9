"""Orders: placed, paid, shipped, each step in one transaction with its events; read from the writer (step 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, ConfigDict, Field

from retail.contracts.events import (
    DomainEvent,
    InventoryReserved,
    OrderLine,
    OrderPlaced,
    OrderShipped,
    PaymentProcessed,
)
from retail.runtime.database import Connection
from retail.storefront.carts import CartLine
from retail.storefront.payments import Card, Provider

DELIVERY = timedelta(days=3)
"""What a shopper is promised: an order leaves and arrives within this."""

HISTORY = 50
"""How many orders a history shows."""

TO_SHIP = 100
"""How many orders staff see at a time."""

Status = Literal["placed", "paid", "shipped"]


class Line(BaseModel):
    """So many pieces of one product, at the price they were ordered at."""

    model_config = ConfigDict(frozen=True)

    sku: str
    quantity: int = Field(ge=1)
    unit_price_cents: int = Field(ge=0)


class Order(BaseModel):
    """An order and how far it has come."""

    model_config = ConfigDict(frozen=True)

    order_id: UUID
    customer_id: str
    status: Status
    currency: str
    total_cents: int = Field(ge=0)
    placed_at: datetime | None
    paid_at: datetime | None
    shipped_at: datetime | None
    promised_by: datetime | None
    carrier: str | None
    tracking_number: str | None
    lines: tuple[Line, ...]


class EmptyOrderError(Exception):
    """There is nothing to order."""


class NotForSaleError(Exception):
    """A product is not sold, or no longer."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"{sku} is not for sale.")
        self.sku = sku


class OutOfStockError(Exception):
    """There are fewer pieces of a product than were asked for."""

    def __init__(self, sku: str, available: int) -> None:
        super().__init__(f"Only {available} of {sku} can be ordered.")
        self.sku = sku
        self.available = available


class PriceChangedError(Exception):
    """An order would cost something else than what was agreed to."""

    def __init__(self, total_cents: int) -> None:
        super().__init__("The total is another one by now.")
        self.total_cents = total_cents


class MixedCurrenciesError(Exception):
    """The products are sold in several currencies."""


class KeyReusedError(Exception):
    """An idempotency key was sent again with another order."""


class NoSuchOrderError(Exception):
    """There is no such order, or it is somebody else's."""


class NotPaidError(Exception):
    """Only what is paid for is shipped."""


class AlreadyShippedError(Exception):
    """The order was shipped before, by another carrier or under another number."""


class Orders:
    """The orders. Every method raises psycopg's errors when the writer does not answer."""

    def __init__(
        self,
        writer: ConnectionPool[Connection],
        payments: Provider,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """`committed` is called whenever there are new events in the outbox."""
        self._writer = writer
        self._payments = payments
        self._now = now
        self._committed = committed

    def checkout(
        self, customer_id: str, lines: Iterable[CartLine], idempotency_key: str, agreed_cents: int | None = None
    ) -> Order:
        """Place an order at the shop's own prices, and reserve its stock.

        The same key again is the same order, also when both arrive at once. `agreed_cents` is the total that the
        shopper has seen, if one was shown: at another, nothing is ordered. Raises EmptyOrderError, NotForSaleError,
        OutOfStockError, PriceChangedError, and KeyReusedError where the key belongs to an order of something else.
        """
        wanted = _sum(lines)
        with self._writer.connection() as connection, connection.transaction():
            # One round trip: each statement sees what was committed before it began, so after the locks are had.
            with connection.pipeline():
                connection.execute(ONE_AT_A_TIME, [f"{customer_id} {idempotency_key}"])
                earlier = connection.execute(BY_KEY, [customer_id, idempotency_key])
                offered = connection.execute(OFFERED, [sorted(wanted)])
            found = earlier.fetchone()
            if found:
                order = _read(connection, found[0])
                # The form of an order that was placed already may be sent again when the cart is empty.
                if wanted and wanted != {line.sku: line.quantity for line in order.lines}:
                    raise KeyReusedError("This key has placed another order.")
                return order
            now = self._now()
            order = _priced(customer_id, wanted, {row[0]: row[1:] for row in offered.fetchall()}, now)
            if agreed_cents is not None and agreed_cents != order.total_cents:
                raise PriceChangedError(order.total_cents)
            _place(connection, order, idempotency_key, _events_of(order, now))
        self._committed()
        return order

    def pay(self, order_id: UUID, customer_id: str, card: Card) -> Order:
        """Take the payment of an order; of one that is paid for, no second one.

        Raises NoSuchOrderError, and DeclinedError or ProviderTimeoutError, after which it may be tried again.
        """
        order = self.order(order_id, customer_id)
        if order.status != "placed":
            return order
        # No connection is held meanwhile. Two at once charge once, as the provider knows the order.
        payment_id = self._payments.charge(str(order_id), order.total_cents, order.currency, card)
        now = self._now()
        event = PaymentProcessed(
            event_id=str(uuid4()),
            occurred_at=now,
            order_id=str(order_id),
            customer_id=customer_id,
            currency=order.currency,
            total_cents=order.total_cents,
            payment_id=payment_id,
        )
        return self._advance(order_id, PAY, {"payment_id": payment_id, "now": now}, event)

    def order(self, order_id: UUID, customer_id: str) -> Order:
        """A customer's order. Raises NoSuchOrderError, also for somebody else's."""
        with self._writer.connection() as connection:
            order = _read(connection, order_id)
        if order.customer_id != customer_id:
            raise NoSuchOrderError("There is no such order.")
        return order

    def history(self, customer_id: str) -> tuple[Order, ...]:
        """A customer's last orders, the newest first."""
        return self._list(OF_CUSTOMER, [customer_id, HISTORY])

    def to_ship(self) -> tuple[Order, ...]:
        """For staff: what is paid for and waits to be shipped, the oldest first."""
        return self._list(PAID, [TO_SHIP])

    def ship(self, order_id: UUID, carrier: str, tracking_number: str) -> Order:
        """Staff have handed an order to a carrier; said twice, it is shipped once.

        Raises NoSuchOrderError, NotPaidError, and AlreadyShippedError where it was told otherwise before.
        """
        with self._writer.connection() as connection:
            order = _read(connection, order_id)
        if order.status == "placed":
            raise NotPaidError("The order is not paid for.")
        if order.status == "paid":
            now = self._now()
            event = OrderShipped(
                event_id=str(uuid4()),
                occurred_at=now,
                order_id=str(order_id),
                customer_id=order.customer_id,
                carrier=carrier,
                tracking_number=tracking_number,
            )
            told = {"carrier": carrier, "tracking_number": tracking_number, "now": now}
            order = self._advance(order_id, SHIP, told, event)
        if (order.carrier, order.tracking_number) != (carrier, tracking_number):
            raise AlreadyShippedError(f"The order was shipped by {order.carrier} as {order.tracking_number}.")
        return order

    def _advance(self, order_id: UUID, statement: str, values: dict[str, Any], event: DomainEvent) -> Order:
        """Take an order one step further with its event; whoever comes second finds it done, without an event."""
        with self._writer.connection() as connection, connection.transaction():
            connection.execute(statement, {"order_id": order_id, "events": _outbox_rows([event]), **values})
            order = _read(connection, order_id)
        self._committed()
        return order

    def _list(self, selected: str, values: list[Any]) -> tuple[Order, ...]:
        with self._writer.connection() as connection:
            return _orders(connection, selected, values)


def _sum(lines: Iterable[CartLine]) -> dict[str, int]:
    """The pieces of each product, however the lines are split."""
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return wanted


def _priced(customer_id: str, wanted: dict[str, int], offered: dict[str, tuple[Any, ...]], now: datetime) -> Order:
    """The order, if all of it can be had."""
    if not wanted:
        raise EmptyOrderError("There is nothing to order.")
    for sku, quantity in wanted.items():
        if sku not in offered:
            raise NotForSaleError(sku)
        if offered[sku][2] < quantity:
            raise OutOfStockError(sku, offered[sku][2])
    if len({offered[sku][1] for sku in wanted}) > 1:
        raise MixedCurrenciesError("All products of an order must have one currency.")
    lines = tuple(
        Line(sku=sku, quantity=quantity, unit_price_cents=offered[sku][0]) for sku, quantity in sorted(wanted.items())
    )
    return Order(
        order_id=uuid4(),
        customer_id=customer_id,
        status="placed",
        currency=offered[lines[0].sku][1],
        total_cents=sum(line.quantity * line.unit_price_cents for line in lines),
        placed_at=now,
        paid_at=None,
        shipped_at=None,
        promised_by=now + DELIVERY,
        carrier=None,
        tracking_number=None,
        lines=lines,
    )


def _place(connection: Connection, order: Order, idempotency_key: str, events: list[DomainEvent]) -> None:
    """Write all that an order is, in one statement."""
    connection.execute(
        PLACE,
        {
            "skus": [line.sku for line in order.lines],
            "quantities": [line.quantity for line in order.lines],
            "prices": [line.unit_price_cents for line in order.lines],
            "idempotency_key": idempotency_key,
            "events": _outbox_rows(events),
            **order.model_dump(exclude={"lines"}),
        },
    )


def _events_of(order: Order, now: datetime) -> list[DomainEvent]:
    """What is told of a new order: that it was placed, and what was reserved for it."""
    placed = OrderPlaced(
        event_id=str(uuid4()),
        occurred_at=now,
        order_id=str(order.order_id),
        customer_id=order.customer_id,
        currency=order.currency,
        total_cents=order.total_cents,
        items=tuple(OrderLine(**line.model_dump()) for line in order.lines),
        promised_by=now + DELIVERY,
    )
    reserved = [
        InventoryReserved(
            event_id=str(uuid4()),
            occurred_at=now,
            order_id=str(order.order_id),
            sku=line.sku,
            quantity=line.quantity,
        )
        for line in order.lines
    ]
    return [placed, *reserved]


def _outbox_rows(events: Iterable[DomainEvent]) -> Jsonb:
    return Jsonb(
        [
            {"event_id": event.event_id, "detail_type": type(event).__name__, "detail": event.detail()}
            for event in events
        ]
    )


def _read(connection: Connection, order_id: UUID) -> Order:
    found = _orders(connection, ONE, [order_id])
    if not found:
        raise NoSuchOrderError("There is no such order.")
    return found[0]


def _orders(connection: Connection, selected: str, values: list[Any]) -> tuple[Order, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return tuple(Order(**row) for row in cursor.execute(selected, values).fetchall())


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
