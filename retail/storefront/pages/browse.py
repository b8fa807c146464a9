"""Looking around: front page, listings, search and products."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from retail.storefront.carts import MAX_QUANTITY
from retail.storefront.catalogue import MAX_PAGE, MAX_QUERY, SKU, Catalogue, Listing, Summary
from retail.storefront.pages.forms import ONE_LINE
from retail.storefront.pages.views import PageRoute, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

FEATURED = 8
RECOMMENDED = 4
NEIGHBOURS = 1
"""How many page numbers are shown on either side of the present one."""


@router.get("/")
def front(request: Request) -> Response:
    """The front page: another part of the shelf each week, and all categories."""
    return page(request, "front.html", featured=_of_the_week(request.app.state.shop.catalogue))


def _of_the_week(catalogue: Catalogue) -> tuple[Summary, ...]:
    first = catalogue.listing(page=1, size=FEATURED)
    whole_pages = first.total // FEATURED
    number = datetime.now(UTC).isocalendar().week % whole_pages + 1 if whole_pages else 1
    return (first if number == 1 else catalogue.listing(page=number, size=FEATURED)).items


@router.get("/products")
def listing(
    request: Request,
    category: Annotated[str, Query(max_length=40, pattern=ONE_LINE)] = "",
    q: Annotated[str, Query(max_length=MAX_QUERY, pattern=ONE_LINE)] = "",
    page_number: Annotated[int, Query(alias="page", ge=1, le=MAX_PAGE)] = 1,
) -> Response:
    """A category, the results of a search, or everything."""
    catalogue, query = request.app.state.shop.catalogue, q.strip()
    if query:
        found = catalogue.search(query, page_number, category=category or None)
    else:
        found = catalogue.listing(category or None, page_number)
    if not found.items and (page_number > 1 or (category and not query)):
        raise HTTPException(404)
    return page(
        request, "listing.html", category=category or None, query=query, listing=found, numbers=page_numbers(found)
    )


def page_numbers(listing: Listing) -> list[int | None]:
    """The pages to link to: the first, the last and those about the present one; None where some are left out."""
    shown = [
        number
        for number in range(1, listing.pages + 1)
        if number in (1, listing.pages) or abs(number - listing.page) <= NEIGHBOURS
    ]
    numbers: list[int | None] = []
    for number in shown:
        if numbers and numbers[-1] != number - 1:
            numbers.append(None)
        numbers.append(number)
    return numbers


@router.get("/products/{sku}")
def product(request: Request, sku: str) -> Response:
    """A product, and what goes well with it."""
    shop = request.app.state.shop
    found = shop.catalogue.product(sku) if SKU.fullmatch(sku) else None
    if found is None:
        raise HTTPException(404)
    others = [each for each in shop.catalogue.listing(found.category).items if each.sku != sku]
    recommended = shop.recommendations.for_product(found, others)[:RECOMMENDED]
    return page(
        request,
        "product.html",
        category=found.category,
        product=found,
        recommended=recommended,
        max_quantity=MAX_QUANTITY,
    )
