"""Filling in a template: what every page shows, how prices and days are written, and pages that say what went wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Form
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from retail.storefront.carts import KEPT
from retail.storefront.pages.assets import Assets
from retail.storefront.seed.products import CATEGORIES

CART_ITEMS = "cart_items"
"""The cookie with the number of pieces in the cart, for the head of each page; only shown, never counted on."""

CART_ITEMS_SECONDS = int(KEPT.total_seconds())

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}

ERRORS = {
    403: ("Please try once more", "The form was too old, or not ours. Go back, reload the page, and send it again."),
    404: ("There is nothing here", "The page has moved, or never was. The shop is still open."),
    500: ("That went wrong", "It was our fault. Nothing has been charged that is not under Orders."),
    503: ("One moment, please", "A part of the shop is not answering right now. Please try again in a minute."),
}
"""What is said of a failure; of any other, what UNCLEAR says."""

UNCLEAR = ("That did not make sense", "Something in the address or the form is not as it should be.")


class Views:
    """The templates, compiled once each."""

    def __init__(self, assets: Assets) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters |= {"money": money, "date": day, "query": query, "units": units}
        self._templates.globals |= {"static": assets.address, "taglines": Taglines(CATEGORIES)}

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """The template filled in. Raises jinja2's UndefinedError for a value that was forgotten."""
        return self._templates.get_template(template).render(values)


class Taglines(dict[str, str]):
    """What the shop says of a category; nothing of one that is not of the seed."""

    def __missing__(self, category: str) -> str:
        return ""


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page with what stands on each: the categories, the cart's size and the token of the forms."""
    shop = request.app.state.shop
    told = {
        "categories": shop.catalogue.categories(),
        "category": None,
        "query": None,
        "cart_items": pieces(request),
        "csrf_token": shop.sessions.of(request).csrf_token,
        **values,
    }
    return _answer(request, template, status, told)


def error_page(request: Request, status: int) -> HTMLResponse:
    """A page that says what went wrong; it asks no part of the shop for anything."""
    title, text = ERRORS.get(status, UNCLEAR)
    bare = {"categories": (), "category": None, "query": None, "cart_items": pieces(request)}
    return _answer(request, "error.html", status, {**bare, "title": title, "text": text})


def _answer(request: Request, template: str, status: int, values: Mapping[str, Any]) -> HTMLResponse:
    # Every page shows the visitor's cart and holds the visitor's token.
    return HTMLResponse(request.app.state.views.render(template, values), status, {"Cache-Control": "no-store"})


def see(address: str) -> RedirectResponse:
    """After a form: look at this next, so that reloading sends nothing twice."""
    return RedirectResponse(address, 303)


def pieces(request: Request) -> int:
    """How many pieces the cart held when it was last changed."""
    told = request.cookies.get(CART_ITEMS, "")
    return int(told) if told.isdecimal() and len(told) <= 4 else 0


def own_form(request: Request, csrf_token: Annotated[str, Form(max_length=128)] = "") -> None:
    """For a route that a form posts to. Raises ForgedError unless it is one of the visitor's own pages' forms."""
    request.app.state.shop.sessions.check(request, csrf_token)


class PageRoute(APIRoute):
    """A page's route: who may read a page may also ask for its head."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        if self.methods and "GET" in self.methods:
            self.methods.add("HEAD")


def money(cents: int, currency: str) -> str:
    """An amount as people write it: $1,234.50."""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{symbol}{cents // 100:,}.{cents % 100:02}"


def day(moment: datetime) -> str:
    """A day as people write it: 22 November 2026."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y}"


def query(values: Mapping[str, Any]) -> str:
    """The query of an address; what is empty is left out."""
    return urlencode({name: value for name, value in values.items() if value})


def units(name: str) -> str:
    """A name whose measures stay on one line."""
    return re.sub(r"(?<=\d) (?=\S)", "\N{NO-BREAK SPACE}", name)
