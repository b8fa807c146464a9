"""What people type, and what they are told about it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from retail.storefront.catalogue import Listing, Summary
from retail.storefront.pages.browse import page_numbers
from retail.storefront.pages.forms import read_card, read_shipment
from retail.storefront.pages.views import day, money, units

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("field", "typed"),
    [("number", ""), ("number", "4242 4242 4242 4243"), ("number", "4242"), ("number", "४२४२424242424242"),
     ("number", "4" * 40), ("expiry", ""), ("expiry", "13/29"), ("expiry", "10/26"), ("expiry", "2029-01"),
     ("code", ""), ("code", "12"), ("code", "12345"), ("code", "abc")],
)  # fmt: skip
def test_a_wrong_card_field_is_named_and_no_other(field: str, typed: str) -> None:
    card = {"number": "4242424242424242", "expiry": "11/26", "code": "123", field: typed}
    _, errors = read_card(**card, today=TODAY)
    assert list(errors) == [field]


@pytest.mark.parametrize("expiry", ["11/26", "1126", "11 / 26", " 11/26 "])
def test_a_card_is_read_as_people_write_it(expiry: str) -> None:
    card, errors = read_card("4242 4242-4242 4242", expiry, " 123 ", TODAY)
    assert errors == {}
    assert (card.number, card.expiry, card.code) == ("4242424242424242", "11/26", "123")
    assert "4242" not in repr(card)


@pytest.mark.parametrize(
    ("carrier", "number", "wrong"),
    [("Parcel Post", "PP-12", []), ("", "PP-12", ["carrier"]), ("<b>", "PP-12", ["carrier"]),
     ("Parcel Post", "12", ["tracking_number"]), ("x", "a b", ["carrier", "tracking_number"])],
)  # fmt: skip
def test_a_shipment_names_its_carrier_and_number(carrier: str, number: str, wrong: list[str]) -> None:
    assert list(read_shipment(carrier, number)[2]) == wrong


@pytest.mark.parametrize(
    ("page", "pages", "shown"),
    [(1, 1, [1]), (1, 3, [1, 2, 3]), (5, 10, [1, None, 4, 5, 6, None, 10]), (10, 10, [1, None, 9, 10])],
)
def test_paging_shows_the_ends_and_what_is_near(page: int, pages: int, shown: list[int | None]) -> None:
    items: tuple[Summary, ...] = ()
    listing = Listing(items=items, total=pages * 10, page=page, size=10, category=None, query=None)
    assert page_numbers(listing) == shown


def test_prices_days_and_measures_are_written_as_people_write_them() -> None:
    assert [money(123450, "USD"), money(5, "EUR"), money(100, "CHF")] == ["$1,234.50", "€0.05", "CHF 1.00"]
    assert day(datetime(2026, 11, 2, 23, tzinfo=UTC)) == "2 November 2026"
    assert units("Skillet 28 cm") == "Skillet 28\N{NO-BREAK SPACE}cm"
