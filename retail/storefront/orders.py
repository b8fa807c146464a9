"""Orders: placed, paid, shipped, each step in one transaction with its events; read from the writer (step 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg_pool import ConnectionPool

from retail.contracts.events import DomainEvent, OrderShipped, PaymentProcessed
from retail.runtime.database import Connection
from retail.storefront.carts import CartLine
from retail.storefront.new_orders import events_of, pieces, priced
from retail.storefront.order_rows import (
    BY_KEY,
    OF_CUSTOMER,
    OFFERED,
    ONE_AT_A_TIME,
    PAID,
    PAY,
    SHIP,
    listed,
    outbox_rows,
    place,
    read,
)
from retail.storefront.order_types import (
    AlreadyShippedError,
    KeyReusedError,
    NoSuchOrderError,
    NotPaidError,
    Order,
    PriceChangedError,
)
from retail.storefront.payments import Card, Provider

HISTORY = 50
"""How many orders a history shows."""

TO_SHIP = 100
"""How many orders staff see at a time."""


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
        OutOfStockError, PriceChangedError, and KeyReusedError where the key belongs to an order of something else;
        ContractError where what the shop sells cannot be told of.
        """
        wanted = pieces(lines)
        with self._writer.connection() as connection, connection.transaction():
            # One round trip: each statement sees what was committed before it began, so after the locks are had.
            with connection.pipeline():
                connection.execute(ONE_AT_A_TIME, [f"{customer_id} {idempotency_key}"])
                earlier = connection.execute(BY_KEY, [customer_id, idempotency_key])
                offered = connection.execute(OFFERED, [sorted(wanted)])
            found = earlier.fetchone()
            if found:
                order = read(connection, found[0])
                # The form of an order that was placed already may be sent again when the cart is empty.
                if wanted and wanted != {line.sku: line.quantity for line in order.lines}:
                    raise KeyReusedError("This key has placed another order.")
                return order
            now = self._now()
            order = priced(customer_id, wanted, {row[0]: row[1:] for row in offered.fetchall()}, now)
            if agreed_cents is not None and agreed_cents != order.total_cents:
                raise PriceChangedError(order.total_cents)
            place(connection, order, idempotency_key, events_of(order, now))
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
            order = read(connection, order_id)
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
            order = read(connection, order_id)
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
            connection.execute(statement, {"order_id": order_id, "events": outbox_rows([event]), **values})
            order = read(connection, order_id)
        self._committed()
        return order

    def _list(self, selected: str, values: list[Any]) -> tuple[Order, ...]:
        with self._writer.connection() as connection:
            return listed(connection, selected, values)
