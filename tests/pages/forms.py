"""Sending the forms of a page as a browser does."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import httpx

GOOD_CARD = {"number": "4242 4242 4242 4242", "expiry": "12/39", "code": "123"}


class _Forms(HTMLParser):
    """Collects each form's action with its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.found.setdefault(attributes["action"], {})
        elif tag == "input" and "name" in attributes:
            self._fields[attributes["name"]] = attributes.get("value", "")


def forms(page: httpx.Response) -> dict[str, dict[str, str]]:
    """The fields of each form of a page, by its action."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.found


def send(visitor: httpx.Client, page: str, action: str, **typed: str) -> httpx.Response:
    """Open a page, fill in the form with this action, send it, and follow where it leads."""
    fields = forms(visitor.get(page))[action]
    return visitor.post(action, data={**fields, **typed}, follow_redirects=True)


def buy(visitor: httpx.Client, sku: str, quantity: int = 1, **card: str) -> httpx.Response:
    """Put a product into the cart and order it."""
    send(visitor, f"/products/{sku}", "/cart/add", quantity=str(quantity))
    return send(visitor, "/checkout", "/checkout", **{**GOOD_CARD, **card})


def order_id(page: httpx.Response) -> str:
    """The order that a page shows."""
    found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", page.text.split("<main", 1)[1])
    assert found, page.text
    return found[0]
