"""Buying: the cart and the checkout. What a form says of prices or stock is never asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from starlette.responses import Response

from retail.storefront.carts import MAX_QUANTITY, CartFullError, CartLine
from retail.storefront.catalogue import SKU, Catalogue, Product
from retail.storefront.orders import EmptyOrderError, KeyReusedError, NotForSaleError, OutOfStockError
from retail.storefront.pages.forms import Errors, read_card, read_quantity
from retail.storefront.pages.orders import pay
from retail.storefront.pages.views import CART_ITEMS, CART_ITEMS_SECONDS, PageRoute, own_form, page, see

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Typed = Annotated[str, Form(max_length=64)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A product in the cart at today's price."""

    product: Product
    quantity: int

    @property
    def total_cents(self) -> int:
        return self.product.price_cents * self.quantity

    @property
    def is_short(self) -> bool:
        """Whether there are fewer pieces than are wanted."""
        return self.quantity > self.product.available


@dataclass(frozen=True, kw_only=True, slots=True)
class Cart:
    """What a cart holds of what is for sale."""

    lines: tuple[Line, ...]

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def total_cents(self) -> int:
        return sum(line.total_cents for line in self.lines)

    @property
    def currency(self) -> str:
        """The currency of all lines; the shop has one."""
        return self.lines[0].product.currency


def filled(catalogue: Catalogue, lines: tuple[CartLine, ...]) -> Cart:
    """The cart with its products; what is no longer sold is left out."""
    priced = ((catalogue.product(line.sku), line.quantity) for line in lines)
    return Cart(lines=tuple(Line(product=product, quantity=quantity) for product, quantity in priced if product))


@router.get("/cart")
def show(request: Request) -> Response:
    """The cart."""
    return _cart_page(request)


def _cart_page(request: Request, problem: str = "", status: int = 200) -> Response:
    shop = request.app.state.shop
    cart = filled(shop.catalogue, shop.carts.get(shop.sessions.of(request).cart_id))
    values = {"cart": cart, "problem": problem, "max_quantity": MAX_QUANTITY, "cart_items": cart.pieces}
    return _counted(page(request, "cart.html", status, **values), cart.pieces)


@router.post("/cart/add", dependencies=[Depends(own_form)])
def add(request: Request, sku: Typed = "", quantity: Typed = "") -> Response:
    """Put so many more pieces of a product into the cart."""
    return _change(request, sku, quantity, adds=True)


@router.post("/cart/update", dependencies=[Depends(own_form)])
def update(request: Request, sku: Typed = "", quantity: Typed = "") -> Response:
    """Let the cart hold so many pieces of a product."""
    return _change(request, sku, quantity, adds=False)


def _change(request: Request, sku: str, quantity: str, adds: bool) -> Response:
    shop = request.app.state.shop
    cart_id = shop.sessions.of(request).cart_id
    if not SKU.fullmatch(sku) or shop.catalogue.product(sku) is None:
        raise HTTPException(404)
    pieces = read_quantity(quantity)
    if pieces is None:
        return _cart_page(request, f"Please choose a quantity from 1 to {MAX_QUANTITY}.", 422)
    held = sum(line.quantity for line in shop.carts.get(cart_id) if line.sku == sku) if adds else 0
    try:
        shop.carts.put(cart_id, sku, min(held + pieces, MAX_QUANTITY))
    except CartFullError as error:
        return _cart_page(request, str(error), 409)
    return see("/cart")


@router.post("/cart/remove", dependencies=[Depends(own_form)])
def remove(request: Request, sku: Typed = "") -> Response:
    """Take a product out of the cart."""
    shop = request.app.state.shop
    if SKU.fullmatch(sku):
        shop.carts.remove(shop.sessions.of(request).cart_id, sku)
    return see("/cart")


@router.get("/checkout")
def checkout(request: Request) -> Response:
    """The form that pays and orders."""
    return _checkout_page(request, {}, str(uuid4()))


def _checkout_page(request: Request, errors: Errors, key: str, status: int = 200) -> Response:
    shop = request.app.state.shop
    cart = filled(shop.catalogue, shop.carts.get(shop.sessions.of(request).cart_id))
    if not cart.lines or any(line.is_short for line in cart.lines):
        return see("/cart")
    return page(request, "checkout.html", status, cart=cart, errors=errors, idempotency_key=key)


@router.post("/checkout", dependencies=[Depends(own_form)])
def order(
    request: Request, idempotency_key: Typed = "", number: Typed = "", expiry: Typed = "", code: Typed = ""
) -> Response:
    """Place the order, then take its payment; the same form sent again is the same order."""
    shop = request.app.state.shop
    session = shop.sessions.of(request)
    card, errors = read_card(number, expiry, code, datetime.now(UTC).date())
    if not idempotency_key:
        raise HTTPException(400)
    if errors:
        return _checkout_page(request, errors, idempotency_key, 422)
    cart = filled(shop.catalogue, shop.carts.get(session.cart_id))
    lines = [CartLine(sku=line.product.sku, quantity=line.quantity) for line in cart.lines]
    try:
        placed = shop.orders.checkout(session.customer_id, lines, idempotency_key)
    except EmptyOrderError:
        return see("/cart")
    except (NotForSaleError, OutOfStockError):
        return _cart_page(request, "Something in your cart has sold meanwhile. Nothing has been ordered yet.", 409)
    except KeyReusedError:
        return _cart_page(request, "That form had been sent before, and its order is under Orders.", 409)
    shop.carts.clear(session.cart_id)
    return _counted(pay(request, placed.order_id, card), 0)


def _counted(response: Response, pieces: int) -> Response:
    """Keep the number of pieces for the head of the pages to come."""
    if pieces:
        response.set_cookie(CART_ITEMS, str(pieces), max_age=CART_ITEMS_SECONDS, httponly=True, samesite="lax")
    else:
        response.delete_cookie(CART_ITEMS, httponly=True, samesite="lax")
    return response
