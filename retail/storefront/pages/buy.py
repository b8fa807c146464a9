"""Buying: the cart and the checkout. What a form says of prices or stock is never believed: the total that it was
shown with only tells whether the shopper knows what the order costs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from retail.storefront.carts import MAX_QUANTITY, CartFullError, CartLine
from retail.storefront.catalogue import SKU, Catalogue, Product
from retail.storefront.order_types import (
    EmptyOrderError,
    KeyReusedError,
    NotForSaleError,
    OutOfStockError,
    PriceChangedError,
)
from retail.storefront.pages.forms import Errors, Typed, read_card, read_quantity
from retail.storefront.pages.orders import pay
from retail.storefront.pages.views import CART_ITEMS, CART_ITEMS_SECONDS, PageRoute, own_form, page, see

router = APIRouter(route_class=PageRoute, include_in_schema=False)


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
    return _counted(request, page(request, "cart.html", status, **values), cart.pieces)


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
    try:
        (shop.carts.add if adds else shop.carts.put)(cart_id, sku, pieces)
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
    request: Request,
    idempotency_key: Typed = "",
    agreed_cents: Typed = "",
    number: Typed = "",
    expiry: Typed = "",
    code: Typed = "",
) -> Response:
    """Place the order, then take its payment; the same form sent again is the same order."""
    shop = request.app.state.shop
    session = shop.sessions.of(request)
    card, errors = read_card(number, expiry, code, datetime.now(UTC).date())
    if not idempotency_key:
        raise HTTPException(400)
    if errors:
        return _checkout_page(request, errors, idempotency_key, 422)
    # A form that shows no total agrees to none.
    agreed = int(agreed_cents) if re.fullmatch(r"\d{1,15}", agreed_cents, re.ASCII) else -1
    held = shop.carts.get(session.cart_id)
    cart = filled(shop.catalogue, held)
    lines = [CartLine(sku=line.product.sku, quantity=line.quantity) for line in cart.lines]
    try:
        placed = shop.orders.checkout(session.customer_id, lines, idempotency_key, agreed)
    except EmptyOrderError:
        return see("/cart")
    except PriceChangedError as error:
        if error.total_cents != cart.total_cents:
            shop.catalogue.forget(line.sku for line in lines)
        return _cart_page(request, "The total has changed. Nothing has been ordered.", 409)
    except (NotForSaleError, OutOfStockError) as error:
        # Only what the page is wrong about: when all want the last piece, its entry is not dropped by each of them.
        if not any(line.is_short for line in cart.lines if line.product.sku == error.sku):
            shop.catalogue.forget([error.sku])
        return _cart_page(request, "Something in your cart has just sold out. Nothing has been ordered.", 409)
    except KeyReusedError:
        return _cart_page(request, "This form was already sent; you will find its order under Orders.", 409)
    shop.carts.take(session.cart_id, held)
    return _counted(request, pay(request, placed.order_id, card), 0)


def _counted(request: Request, response: Response, pieces: int) -> Response:
    """Keep the number of pieces for the head of the pages to come."""
    is_secure = request.url.scheme == "https"
    if pieces:
        response.set_cookie(
            CART_ITEMS, str(pieces), max_age=CART_ITEMS_SECONDS, httponly=True, samesite="lax", secure=is_secure
        )
    else:
        response.delete_cookie(CART_ITEMS, httponly=True, samesite="lax", secure=is_secure)
    return response
