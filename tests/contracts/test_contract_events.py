"""What an event holds: written and read back whole, and whatever is not agreed on is refused by name."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.contracts.events import (
    EVENTS,
    SOURCE,
    ContractError,
    DomainEvent,
    OrderLine,
    OrderPlaced,
    check,
    parse,
    pattern,
    refuse_future,
)
from retail.storefront.carts import MAX_LINES, MAX_QUANTITY
from retail.storefront.catalogue import SKU
from retail.storefront.seed.products import products

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
PIECES = st.integers(0, 10_000)
CENTS = st.integers(0, 10_000_000_000)
MOMENTS = st.datetimes(
    min_value=datetime(2026, 1, 2),
    max_value=datetime(9999, 12, 30),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=11))]),
)
SKUS = TEXTS.map(lambda text: text.encode()[:64].decode(errors="ignore"))
LINES = st.lists(st.builds(OrderLine, sku=SKUS, quantity=PIECES, unit_price_cents=CENTS), min_size=1, max_size=3)
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    datetime: MOMENTS,
    tuple[OrderLine, ...]: LINES.map(tuple),
}

BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "sku": SKUS,
    "currency": st.text("ABCXYZ", min_size=3, max_size=3),
    "quantity": PIECES,
    "total_cents": CENTS,
}

IDS = ("event_id", "order_id")
AN_ID = "5c9b7a52-1d0e-4f0a-9c53-0f6f5f1d2a11"

FIELDS = st.sampled_from(["version", "event_id", "occurred_at", "order_id", "items"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(FIELDS, values),
)

NAMES = sorted(EVENTS)
EVERY_FIELD = [(name, field.name) for name in NAMES for field in fields(EVENTS[name])]


def any_event(kind: type[DomainEvent]) -> st.SearchStrategy[DomainEvent]:
    """Events of a kind, whatever their fields hold."""
    hints = get_type_hints(kind)
    any_field = {
        field.name: BY_NAME[field.name] if field.name in BY_NAME else BY_TYPE[hints[field.name]]
        for field in fields(kind)
    }
    return st.builds(kind, **any_field | dict.fromkeys(IDS, st.uuids().map(str)))


def one(name: str) -> DomainEvent:
    """An event with plain values."""
    plain: dict[Any, Any] = {
        str: "text",
        int: 7,
        datetime: datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
        tuple[OrderLine, ...]: (OrderLine(sku="SKU-1", quantity=2, unit_price_cents=50),),
    }
    hints = get_type_hints(EVENTS[name])
    values = {field.name: plain[hints[field.name]] for field in fields(EVENTS[name])}
    exact = dict.fromkeys(IDS, AN_ID) | ({"currency": "EUR"} if "currency" in values else {})
    return EVENTS[name](**values | exact)


def envelope(event: DomainEvent, **changes: Any) -> dict[str, Any]:
    """An event as EventBridge delivers it, with fields of its detail changed; None takes one away."""
    detail = event.detail() | changes
    kept = {name: value for name, value in detail.items() if value is not None}
    return {"source": SOURCE, "detail-type": type(event).__name__, "detail": kept}


@given(st.one_of([any_event(kind) for kind in EVENTS.values()]))
def test_every_event_is_read_back_from_its_json_as_it_was(event: DomainEvent) -> None:
    assert parse(json.loads(json.dumps(envelope(event)))) == event


@given(ANYTHING)
def test_whatever_json_comes_is_an_event_or_a_contract_error(anything: Any) -> None:
    for name in NAMES:
        with pytest.raises(ContractError):
            parse({"source": SOURCE, "detail-type": name, "detail": anything})
    with pytest.raises(ContractError):
        parse(anything)


@pytest.mark.parametrize(("name", "field"), EVERY_FIELD)
def test_a_missing_field_is_named(name: str, field: str) -> None:
    with pytest.raises(ContractError, match=rf"^{name}\.{field}: missing$"):
        parse(envelope(one(name), **{field: None}))


@pytest.mark.parametrize("wrong", [[], {}, 1.5, True, "", -1], ids=repr)
@pytest.mark.parametrize(("name", "field"), EVERY_FIELD)
def test_a_mistyped_field_is_named(name: str, field: str, wrong: Any) -> None:
    with pytest.raises(ContractError, match=rf"^{name}\.{field}: expected .*got "):
        parse(envelope(one(name), **{field: wrong}))


def test_a_mistyped_field_of_an_order_s_line_is_named_with_its_place() -> None:
    lines = [{"sku": "SKU-1", "quantity": 1, "unit_price_cents": 5}, {"sku": "SKU-2", "quantity": "1"}]
    with pytest.raises(ContractError, match=r"^OrderPlaced\.items\[1\]\.quantity: expected a whole number"):
        parse(envelope(one("OrderPlaced"), items=lines))


OUT_OF_BOUNDS: list[tuple[str, str, Any, str]] = [
    ("OrderPlaced", "currency", "eur", "three capital letters"),
    ("OrderPlaced", "currency", "EURO", "three capital letters"),
    ("PaymentProcessed", "currency", "EUR\n", "three capital letters"),
    ("OrderPlaced", "total_cents", 10_000_000_001, "at most 10000000000"),
    ("PaymentProcessed", "total_cents", 10_000_000_001, "at most 10000000000"),
    ("InventoryReserved", "quantity", 10_001, "at most 10000"),
    ("InventoryReserved", "sku", "S" * 65, "at most 64 bytes"),
    ("InventoryReserved", "sku", "é" * 33, "at most 64 bytes"),
]


@pytest.mark.parametrize(("name", "field", "wrong", "what"), OUT_OF_BOUNDS)
def test_what_no_table_of_the_warehouse_could_hold_is_refused_by_its_field(
    name: str, field: str, wrong: Any, what: str
) -> None:
    with pytest.raises(ContractError, match=rf"^{name}\.{field}: expected {what}, got "):
        parse(envelope(one(name), **{field: wrong}))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sku": "S" * 65}, "sku: expected at most 64 bytes"),
        ({"quantity": 10_001}, "quantity: expected at most 10000"),
        ({"unit_price_cents": 10_000_000_001}, "unit_price_cents: expected at most 10000000000"),
    ],
)
def test_a_line_out_of_bounds_is_refused_with_its_place(wrong: dict[str, Any], said: str) -> None:
    line = {"sku": "S" * 64, "quantity": 10_000, "unit_price_cents": 10_000_000_000}
    parse(envelope(one("OrderPlaced"), items=[line]))
    with pytest.raises(ContractError, match=rf"^OrderPlaced\.items\[1\]\.{said}, got "):
        parse(envelope(one("OrderPlaced"), items=[line, line | wrong]))


def test_the_warehouse_s_columns_are_as_wide_as_the_widest_that_is_let_in() -> None:
    table = files("retail.warehouse").joinpath("03_daily_sales.sql").read_text(encoding="utf-8")
    widths = dict(re.findall(r"^    (\w+) VARCHAR\((\d+)\)", table, re.MULTILINE))
    assert widths == {"sku": "64", "currency": "3"}
    parse(envelope(one("InventoryReserved"), sku="S" * 64))


def test_whoever_tells_of_something_can_see_that_nobody_would_take_it() -> None:
    check(one("OrderPlaced"))
    with pytest.raises(ContractError, match=r"^OrderPlaced\.total_cents: expected at most "):
        check(replace(one("OrderPlaced"), total_cents=10_000_000_001))  # type: ignore[call-arg]  # an OrderPlaced has it


def test_all_that_a_shopper_may_order_of_the_dearest_product_is_within_the_bounds() -> None:
    dearest = max(product.price_cents for product in products().values())
    pieces = MAX_LINES * MAX_QUANTITY
    line = {"sku": "S" * 32, "quantity": pieces, "unit_price_cents": dearest}
    parse(envelope(one("OrderPlaced"), items=[line], total_cents=pieces * dearest))
    assert not SKU.fullmatch("S" * 65)


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ContractError, match=r"^OrderPlaced\.promised_by: expected a time with its zone"):
        parse(envelope(one("OrderPlaced"), promised_by="2026-11-22T10:00:00"))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-01:00", "2026-02-30T10:00:00Z"])
def test_a_time_that_there_is_not_is_refused(moment: str) -> None:
    with pytest.raises(ContractError, match=r"^OrderPlaced\.promised_by: expected a time such as "):
        parse(envelope(one("OrderPlaced"), promised_by=moment))


@pytest.mark.parametrize("moment", ["2025-12-31T23:59:59.999999Z", "2026-01-01T00:30:00+01:00"])
@pytest.mark.parametrize("name", NAMES)
def test_an_event_of_before_the_lake_s_first_day_is_refused_by_its_time(name: str, moment: str) -> None:
    with pytest.raises(ContractError, match=rf"^{name}\.occurred_at: expected a time from 2026-01-01, got 2025-12-31T"):
        parse(envelope(one(name), occurred_at=moment))


@pytest.mark.parametrize("moment", ["2026-01-01T00:00:00Z", "2025-12-31T23:30:00-01:00"])
def test_the_lake_s_first_day_is_read_from_its_first_moment(moment: str) -> None:
    assert parse(envelope(one("OrderPlaced"), occurred_at=moment)).occurred_at >= datetime(2026, 1, 1, tzinfo=UTC)


def test_an_event_that_is_more_than_a_day_ahead_of_the_clock_is_refused_by_its_time() -> None:
    event = one("OrderPlaced")
    refuse_future(event, now=event.occurred_at - timedelta(days=1))
    with pytest.raises(ContractError, match=r"^OrderPlaced\.occurred_at: expected a time that has come, got 2026"):
        refuse_future(event, now=event.occurred_at - timedelta(days=1, microseconds=1))


@pytest.mark.parametrize(
    "wrong", ["text", AN_ID.upper(), f"{{{AN_ID}}}", f" {AN_ID}", AN_ID.replace("-", ""), "é" * 36]
)
@pytest.mark.parametrize("field", IDS)
@pytest.mark.parametrize("name", NAMES)
def test_an_id_has_one_form_as_it_is_compared_as_text(name: str, field: str, wrong: str) -> None:
    with pytest.raises(ContractError, match=rf"^{name}\.{field}: expected a UUID in lower case, got "):
        parse(envelope(one(name), **{field: wrong}))


@pytest.mark.parametrize("text", ["\ud800", "\0"], ids=["half-a-character", "nul"])
def test_text_that_no_service_takes_is_refused(text: str) -> None:
    with pytest.raises(ContractError, match=r"^OrderPlaced\.customer_id: expected text, got "):
        parse(envelope(one("OrderPlaced"), customer_id=text))


@pytest.mark.parametrize("name", NAMES)
def test_an_event_cannot_be_changed(name: str) -> None:
    with pytest.raises(FrozenInstanceError):
        one(name).order_id = "another"


@pytest.mark.parametrize("version", [None, 0, 2, "1", True, 1.5], ids=repr)
@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_version_is_refused(name: str, version: Any) -> None:
    with pytest.raises(ContractError, match=rf"^{name}\.version: expected 1, got "):
        parse(envelope(one(name), version=version))


@pytest.mark.parametrize("name", NAMES)
def test_a_field_added_later_is_passed_by(name: str) -> None:
    assert parse(envelope(one(name), gift_wrapped=True)) == one(name)


@pytest.mark.parametrize(("field", "value"), [("source", "aws.s3"), ("detail-type", "OrderLost"), ("source", None)])
def test_an_event_that_is_not_ours_is_refused_by_its_field(field: str, value: str | None) -> None:
    with pytest.raises(ContractError, match=f"^{field}: expected "):
        parse(envelope(one("OrderPlaced")) | {field: value})


def test_an_error_shows_little_of_the_value_as_it_may_be_a_customer_s() -> None:
    with pytest.raises(ContractError) as error:
        parse(envelope(one("OrderPlaced"), total_cents="secret " * 100))
    assert len(str(error.value)) < 150


def test_a_pattern_matches_our_source_and_the_events_by_name() -> None:
    assert pattern(OrderPlaced) == {"source": [SOURCE], "detail-type": ["OrderPlaced"]}
