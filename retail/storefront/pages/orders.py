"""After buying: an order and how far it has come, its payment, and the orders before it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from retail.storefront.order_types import Order
from retail.storefront.pages.forms import Errors, Typed, read_card
from retail.storefront.pages.views import PageRoute, own_form, page, see
from retail.storefront.payments import Card, DeclinedError, ProviderTimeoutError

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/orders")
def history(request: Request) -> Response:
    """The visitor's orders, the newest first."""
    shop = request.app.state.shop
    return page(request, "orders.html", orders=shop.orders.history(shop.sessions.of(request).customer_id))


@router.get("/orders/{order_id}")
def status(request: Request, order_id: UUID) -> Response:
    """An order of the visitor's; from the writer, so that a new one is there at once."""
    return _order_page(request, _order(request, order_id))


@router.post("/orders/{order_id}/payment", dependencies=[Depends(own_form)])
def payment(request: Request, order_id: UUID, number: Typed = "", expiry: Typed = "", code: Typed = "") -> Response:
    """Pay for an order whose first payment failed."""
    card, errors = read_card(number, expiry, code, datetime.now(UTC).date())
    if errors:
        return _order_page(request, _order(request, order_id), errors=errors, status=422)
    return pay(request, order_id, card)


def pay(request: Request, order_id: UUID, card: Card) -> Response:
    """Take the payment and show the order; where it fails, with a form to try again."""
    shop = request.app.state.shop
    try:
        shop.orders.pay(order_id, shop.sessions.of(request).customer_id, card)
    except DeclinedError as error:
        problem = f"{error} Your order is kept: you can pay with another card."
        return _order_page(request, _order(request, order_id), problem, status=402)
    except ProviderTimeoutError as error:
        problem = f"{error} Your order is kept: please try again, it is never charged twice."
        return _order_page(request, _order(request, order_id), problem, status=503)
    return see(f"/orders/{order_id}")


def _order(request: Request, order_id: UUID) -> Order:
    shop = request.app.state.shop
    order: Order = shop.orders.order(order_id, shop.sessions.of(request).customer_id)
    return order


def _order_page(
    request: Request, order: Order, problem: str = "", errors: Errors | None = None, status: int = 200
) -> Response:
    catalogue = request.app.state.shop.catalogue
    # A line outlives its product: then its number stands for the name.
    lines = [{**line.model_dump(), "product": catalogue.product(line.sku)} for line in order.lines]
    return page(request, "order.html", status, order=order, lines=lines, problem=problem, errors=errors or {})
