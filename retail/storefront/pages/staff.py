"""For staff: logging in, what waits to be shipped, and saying that it is."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from retail.storefront import access
from retail.storefront.order_types import AlreadyShippedError, NotPaidError
from retail.storefront.pages.forms import Errors, Typed, read_shipment
from retail.storefront.pages.views import PageRoute, own_form, page, see

router = APIRouter(route_class=PageRoute, include_in_schema=False)


def staff_only(request: Request) -> None:
    """Raises a 403 for whoever is not logged in as staff, or no longer."""
    if not access.is_staff(request.app.state.shop, request):
        raise HTTPException(403)


@router.get("/staff")
def show(request: Request, shipped: UUID | None = None) -> Response:
    """What waits to be shipped, or the form to log in."""
    if not access.is_staff(request.app.state.shop, request):
        return page(request, "staff_login.html", problem="", username="")
    return _to_ship(request, shipped=shipped)


@router.post("/staff/login", dependencies=[Depends(own_form)])
def login(request: Request, username: Typed = "", password: Typed = "") -> Response:
    """Let staff in."""
    if not access.log_in(request.app.state.shop, request, username, password):
        problem = "Wrong name or password."
        return page(request, "staff_login.html", 401, problem=problem, username=username)
    return see("/staff")


@router.post("/staff/logout", dependencies=[Depends(own_form)])
def logout(request: Request) -> Response:
    """Let staff out."""
    access.log_out(request.app.state.shop, request)
    return see("/")


@router.post("/staff/orders/{order_id}/ship", dependencies=[Depends(staff_only), Depends(own_form)])
def ship(request: Request, order_id: UUID, carrier: Typed = "", tracking_number: Typed = "") -> Response:
    """An order has been handed to a carrier."""
    carrier, tracking_number, errors = read_shipment(carrier, tracking_number)
    if errors:
        given = {"carrier": carrier, "tracking_number": tracking_number}
        return _to_ship(request, errors=errors, wrong_order=str(order_id), given=given, status=422)
    try:
        request.app.state.shop.orders.ship(order_id, carrier, tracking_number)
    except (NotPaidError, AlreadyShippedError) as error:
        return _to_ship(request, problem=str(error), status=409)
    return see(f"/staff?shipped={order_id}")


def _to_ship(
    request: Request,
    *,
    shipped: UUID | None = None,
    problem: str = "",
    errors: Errors | None = None,
    wrong_order: str = "",
    given: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    shop = request.app.state.shop
    orders = shop.orders.to_ship()
    products = {line.sku: shop.catalogue.product(line.sku) for order in orders for line in order.lines}
    return page(
        request,
        "staff.html",
        status,
        orders=orders,
        names={sku: product.name if product else "" for sku, product in products.items()},
        shipped=shipped,
        problem=problem,
        errors=errors or {},
        wrong_order=wrong_order,
        given=given or {},
    )
