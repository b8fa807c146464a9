"""The JSON API: what the pages can do, for programs. Every path is below /api/, which CloudFront does not cache."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, HTTPException, Path, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import Response

from retail.storefront import access
from retail.storefront.aside import NOTHING
from retail.storefront.carts import MAX_LINES, MAX_QUANTITY, CartLine
from retail.storefront.catalogue import SKU, Category, Listing, Product, Summary
from retail.storefront.order_types import NotForSaleError, Order
from retail.storefront.payments import Card
from retail.storefront.problems import DOCUMENTED
from retail.storefront.reads import Asked
from retail.storefront.shop import Shop


class Body(BaseModel):
    """What a program sends: nothing more than is asked for, and of the right type as it is."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


Sku = Annotated[str, Field(pattern=f"^{SKU.pattern}$")]


def _whole(value: object) -> object:
    """JSON has one kind of number: 2.0 is the integer 2."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY), BeforeValidator(_whole)]


class CartItem(BaseModel):
    """A product in the cart, at today's price."""

    sku: str
    name: str
    quantity: int
    unit_price_cents: int
    currency: str
    available: int


class Cart(BaseModel):
    """What the cart holds of what is for sale."""

    items: tuple[CartItem, ...]
    total_cents: int


class CartChange(Body):
    """How many pieces the cart shall hold."""

    quantity: Quantity


class Item(Body):
    """So many pieces of one product. What it costs, the shop says."""

    sku: Sku
    quantity: Quantity


class NewOrder(Body):
    """What is to be ordered."""

    items: Annotated[list[Item], Field(min_length=1, max_length=MAX_LINES)]


class Payment(Body):
    """A card. It is neither kept nor logged."""

    number: Annotated[str, Field(pattern="^[0-9]{12,19}$")]
    expiry: Annotated[str, Field(pattern="^(0[1-9]|1[0-2])/[0-9]{2}$", description="As MM/YY.")]
    code: Annotated[str, Field(pattern="^[0-9]{3,4}$")]


class Login(Body):
    """A staff member's name and password."""

    username: Annotated[str, Field(pattern="^[A-Za-z0-9._@-]{1,64}$")]
    password: Annotated[str, Field(min_length=1, max_length=128)]


class Shipment(Body):
    """Who carries an order, and under what number."""

    carrier: Annotated[str, Field(pattern="^[A-Za-z0-9 .&'+-]{2,64}$")]
    tracking_number: Annotated[str, Field(pattern="^[A-Za-z0-9-]{4,64}$")]


def shop_of(request: Request) -> Shop:
    """The shop, which is open: the gate lets nobody in before."""
    shop: Shop = request.app.state.shop
    return shop


def customer_of(request: Request) -> str:
    """Whose request it is."""
    return shop_of(request).sessions.of(request).customer_id


def cart_of(request: Request) -> str:
    """The cart of whoever asks."""
    return shop_of(request).sessions.of(request).cart_id


def require_staff(request: Request) -> None:
    """Raises a 401 for whoever is not staff, or no longer."""
    if not access.is_staff(shop_of(request), request):
        raise HTTPException(401, "Log in as staff.", {"WWW-Authenticate": 'Session realm="staff"'})


Shopping = Annotated[Shop, Depends(shop_of)]
Customer = Annotated[str, Depends(customer_of)]
CartId = Annotated[str, Depends(cart_of)]
SkuPath = Annotated[str, Path(pattern=f"^{SKU.pattern}$")]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern="^[A-Za-z0-9._:-]{1,64}$",
        description="Chosen by the client; the same key again is the same order.",
    ),
]

UNKNOWN = "There is no such product."

router = APIRouter(prefix="/api", responses=DOCUMENTED)


@router.get("/products", tags=["catalogue"], response_model=Listing)
def listing(asked: Annotated[Asked, Query()], shop: Shopping) -> Response:
    """A page of all products, of a category, or of what a search finds."""
    found = shop.catalogue.listing_json(asked.category, asked.q, asked.page, asked.size)
    return Response(found, media_type="application/json")


@router.get("/products/{sku}", tags=["catalogue"], response_model=Product)
def product(sku: SkuPath, shop: Shopping) -> Response:
    """A product."""
    found = shop.catalogue.product_json(sku)
    if found == NOTHING:
        raise HTTPException(404, UNKNOWN)
    return Response(found, media_type="application/json")


@router.get("/categories", tags=["catalogue"])
def categories(shop: Shopping) -> tuple[Category, ...]:
    """The categories."""
    return shop.catalogue.categories()


@router.get("/products/{sku}/recommendations", tags=["catalogue"])
def recommendations(sku: SkuPath, shop: Shopping) -> tuple[Summary, ...]:
    """What goes well with a product."""
    found = shop.catalogue.product(sku)
    if found is None:
        raise HTTPException(404, UNKNOWN)
    return shop.recommendations.for_product(found, shop.catalogue.listing(found.category).items)


@router.get("/cart", tags=["cart"])
def cart(shop: Shopping, cart_id: CartId) -> Cart:
    """What is in the cart."""
    found = ((shop.catalogue.product(line.sku), line.quantity) for line in shop.carts.get(cart_id))
    items = tuple(
        CartItem(
            sku=each.sku,
            name=each.name,
            quantity=quantity,
            unit_price_cents=each.price_cents,
            currency=each.currency,
            available=each.available,
        )
        for each, quantity in found
        if each
    )
    return Cart(items=items, total_cents=sum(item.unit_price_cents * item.quantity for item in items))


@router.put("/cart/{sku}", tags=["cart"])
def put_in_cart(sku: SkuPath, change: CartChange, shop: Shopping, cart_id: CartId) -> Cart:
    """Let the cart hold so many pieces of a product, however many it held."""
    _product(shop, sku)
    shop.carts.put(cart_id, sku, change.quantity)
    return cart(shop, cart_id)


@router.delete("/cart/{sku}", tags=["cart"], status_code=204)
def take_from_cart(sku: SkuPath, shop: Shopping, cart_id: CartId) -> None:
    """Take a product out of the cart."""
    shop.carts.remove(cart_id, sku)


@router.delete("/cart", tags=["cart"], status_code=204)
def empty_cart(shop: Shopping, cart_id: CartId) -> None:
    """Empty the cart."""
    shop.carts.clear(cart_id)


@router.post("/checkout", tags=["orders"], status_code=201)
def checkout(key: IdempotencyKey, shop: Shopping, customer_id: Customer, cart_id: CartId) -> Order:
    """Order what is in the cart, and take it out. The same key again is the same order."""
    lines = shop.carts.get(cart_id)
    order = shop.orders.checkout(customer_id, lines, key)
    shop.carts.take(cart_id, lines)
    return order


@router.post("/orders", tags=["orders"], status_code=201)
def place_order(new: NewOrder, key: IdempotencyKey, shop: Shopping, customer_id: Customer) -> Order:
    """Order without a cart. The same key again is the same order."""
    lines = [CartLine(sku=item.sku, quantity=item.quantity) for item in new.items]
    return shop.orders.checkout(customer_id, lines, key)


@router.get("/orders", tags=["orders"])
def history(shop: Shopping, customer_id: Customer) -> tuple[Order, ...]:
    """One's last orders, the newest first."""
    return shop.orders.history(customer_id)


@router.get("/orders/{order_id}", tags=["orders"])
def order(order_id: UUID, shop: Shopping, customer_id: Customer) -> Order:
    """One of one's orders, and how far it has come."""
    return shop.orders.order(order_id, customer_id)


@router.post("/orders/{order_id}/payment", tags=["orders"])
def pay(order_id: UUID, payment: Payment, shop: Shopping, customer_id: Customer) -> Order:
    """Pay an order, once however often it is asked for."""
    card = Card(number=payment.number, expiry=payment.expiry, code=payment.code)
    return shop.orders.pay(order_id, customer_id, card)


@router.post("/staff/session", tags=["staff"], status_code=204)
def log_in(login: Login, request: Request, shop: Shopping) -> None:
    """Log in as staff, for twelve hours."""
    if not access.log_in(shop, request, login.username, login.password):
        raise HTTPException(401, "Wrong name or password.", {"WWW-Authenticate": 'Session realm="staff"'})


@router.delete("/staff/session", tags=["staff"], status_code=204)
def log_out(request: Request, shop: Shopping) -> None:
    """Log out; whoever has the same cookie as well."""
    access.log_out(shop, request)


@router.get("/staff/orders", tags=["staff"], dependencies=[Depends(require_staff)])
def to_ship(shop: Shopping) -> tuple[Order, ...]:
    """What is paid for and waits to be shipped, the oldest first."""
    return shop.orders.to_ship()


@router.post("/staff/orders/{order_id}/shipment", tags=["staff"], dependencies=[Depends(require_staff)])
def ship(order_id: UUID, shipment: Shipment, shop: Shopping) -> Order:
    """Say that an order has been handed to a carrier."""
    return shop.orders.ship(order_id, shipment.carrier, shipment.tracking_number)


def _product(shop: Shop, sku: str) -> Product:
    found = shop.catalogue.product(sku)
    if found is None:
        raise NotForSaleError(sku)
    return found
