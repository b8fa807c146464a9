"""A new order before it is written: what is wanted, at the shop's own prices, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from retail.contracts.events import DomainEvent, InventoryReserved, OrderLine, OrderPlaced, check
from retail.storefront.carts import CartLine
from retail.storefront.order_types import (
    EmptyOrderError,
    Line,
    MixedCurrenciesError,
    NotForSaleError,
    Order,
    OutOfStockError,
)

DELIVERY = timedelta(days=3)
"""What a shopper is promised: an order leaves and arrives within this."""


def pieces(lines: Iterable[CartLine]) -> dict[str, int]:
    """The pieces of each product, however the lines are split."""
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return wanted


def priced(customer_id: str, wanted: dict[str, int], offered: dict[str, tuple[Any, ...]], now: datetime) -> Order:
    """The order, where `offered` has price, currency and pieces to be had by SKU.

    Raises EmptyOrderError, NotForSaleError, OutOfStockError and MixedCurrenciesError.
    """
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


def events_of(order: Order, now: datetime) -> list[DomainEvent]:
    """What is told of a new order: that it was placed, and what was reserved for it.

    Raises ContractError where nobody would take it, as of a product whose currency is none: better no order than one
    that is never packed.
    """
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
    for event in (placed, *reserved):
        check(event)
    return [placed, *reserved]
