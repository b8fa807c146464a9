"""Whatever comes in is counted, quarantined and named; the job goes on and loses nothing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from retail.contracts import lake as contract
from retail.jobs.counts import Counts
from retail.jobs.run import TooManyRejected
from tests.jobs.conftest import NOTHING, Lake, placed

DAY = "raw/orders/dt=2026-11-01"
LINE = json.dumps(placed(77))
ZIPPED = gzip.compress("".join(json.dumps(placed(number)) + "\n" for number in range(500, 900)).encode())


def ordered(**changed: Any) -> list[dict[str, Any]]:
    """The one line of an order."""
    return [{"sku": "KIT-101", "quantity": 1, "unit_price_cents": 1800} | changed]


BAD: dict[str, tuple[Any, str]] = {
    "cut": (LINE[:100], "invalid JSON"),
    "two": (LINE + LINE, "invalid JSON"),
    "two-with-comma": (f"{LINE},{LINE}", "invalid JSON"),
    "junk": (LINE + " junk", "invalid JSON"),
    "quotes": (LINE.replace('"', "'"), "invalid JSON"),
    "array": (json.dumps([placed(1), placed(2)]), "a JSON array, not an object"),
    "number": ("17", "not a JSON object"),
    "null": ("null", "not a JSON object"),
    "page": ("<html>", "not a JSON object"),
    "large": (placed(77, order_id="x" * 10_000_000), "larger than 1048576 bytes"),
    "type": (placed(77, event_type="OrderLost"), "event_type: unknown: OrderLost"),
    "of-another-domain": (placed(77, event_type="InventoryReserved"), "event_type: unknown: InventoryReserved"),
    "no-type": ({"event_id": "1"}, "event_type: missing"),
    "version": (placed(77, version=2), "OrderPlaced.version: unknown: 2"),
    "version-word": (placed(77, version="new"), "OrderPlaced.version: unknown: new"),
    "version-true": (placed(77, version=True), "OrderPlaced.version: unknown: true"),
    "id-missing": ({**placed(77), "event_id": None}, "event_id: missing"),
    "id-number": (placed(77, event_id=17), "event_id: expected text"),
    "id-object": (placed(77, event_id={"a": 1}), "event_id: expected text"),
    "id-empty": (placed(77, event_id=""), "event_id: expected text"),
    "id-blank": (placed(77, order_id=" \u00a0"), "order_id: expected text"),
    "id-true": (placed(77, order_id=True), "order_id: expected text"),
    "nul": (placed(77, order_id="a\0b"), "order_id: expected text"),
    "half": (placed(77, order_id="a\ud800b"), "half a character"),
    "other-half": (placed(77, order_id="a\udc00b"), "half a character"),
    "word": (placed(77, total_cents="a lot"), "OrderPlaced.total_cents: expected a whole number from 0"),
    "fraction": (placed(77, total_cents=12.5), "OrderPlaced.total_cents: expected a whole number from 0"),
    "negative": (placed(77, total_cents=-1), "OrderPlaced.total_cents: expected a whole number from 0"),
    "true": (placed(77, total_cents=True), "OrderPlaced.total_cents: expected a whole number from 0"),
    "huge": (placed(77, total_cents=2**63), "OrderPlaced.total_cents: expected a whole number from 0"),
    "more-cents": (placed(77, total_cents=10_000_000_001), "OrderPlaced.total_cents: more than 10000000000"),
    "no-currency": (placed(77, currency="US$"), "OrderPlaced.currency: expected three letters"),
    "four-letters": (placed(77, currency="EURO"), "OrderPlaced.currency: expected three letters"),
    "long-sku": (placed(77, items=ordered(sku="S" * 65)), "OrderPlaced.items.sku: longer than 64 bytes"),
    "long-sku-in-bytes": (placed(77, items=ordered(sku="é" * 33)), "OrderPlaced.items.sku: longer than 64 bytes"),
    "more-pieces": (placed(77, items=ordered(quantity=10_001)), "OrderPlaced.items.quantity: more than 10000"),
    "more-a-piece": (
        placed(77, items=ordered(unit_price_cents=10_000_000_001)),
        "OrderPlaced.items.unit_price_cents: more than 10000000000",
    ),
    "no-items": (placed(77, items=[]), "OrderPlaced.items: expected a list of lines"),
    "items-word": (placed(77, items="KIT-101"), "OrderPlaced.items: expected a list of lines"),
    "item-null": (placed(77, items=[None]), "OrderPlaced.items: expected a list of lines"),
    "item-word": (
        placed(77, items=[{"sku": "KIT-101", "quantity": "two", "unit_price_cents": 1}]),
        "OrderPlaced.items: expected a list of lines",
    ),
    "sku-number": (placed(77, items=ordered(sku=17)), "OrderPlaced.items: expected a list of lines"),
    "sku-object": (placed(77, items=ordered(sku={"a": 1})), "OrderPlaced.items: expected a list of lines"),
    "sku-blank": (placed(77, items=ordered(sku=" ")), "OrderPlaced.items: expected a list of lines"),
    "sku-nul": (placed(77, items=ordered(sku="a\0b")), "OrderPlaced.items: expected a list of lines"),
    "day": (placed(77, occurred_at="2026-11-01"), "occurred_at: expected a time such as 2026-11-22T10:00:00Z"),
    "no-zone": (
        placed(77, occurred_at="2026-11-01T10:00:00"),
        "occurred_at: expected a time such as 2026-11-22T10:00:00Z",
    ),
    "no-such-day": (
        placed(77, occurred_at="2026-02-30T10:00:00Z"),
        "occurred_at: expected a time such as 2026-11-22T10:00:00Z",
    ),
    "seconds": (placed(77, occurred_at=1_790_000_000), "occurred_at: expected a time such as 2026-11-22T10:00:00Z"),
    "old": (placed(77, occurred_at="2025-12-31T23:59:59Z"), "occurred_at: before 2026-01-01"),
    "to-come": (placed(77, occurred_at="2026-11-23T02:00:01Z"), "occurred_at: has not come yet"),
    "promise": (
        placed(77, promised_by="soon"),
        "OrderPlaced.promised_by: expected a time such as 2026-11-22T10:00:00Z",
    ),
    "promise-after-9999-in-utc": (
        placed(77, promised_by="9999-12-31T23:59:59-05:00"),
        "OrderPlaced.promised_by: expected a time such as 2026-11-22T10:00:00Z",
    ),
}

GOOD: dict[str, Any] = {
    "number-as-text": placed(1, total_cents="1800"),
    "quantity-as-text": placed(2, items=[{"sku": "KIT-101", "quantity": "1", "unit_price_cents": "1800"}]),
    "offset": placed(3, occurred_at="2026-11-01T12:00:00+02:00"),
    "more-than-is-known": placed(4, coupon={"code": 5}),
    "spaces": placed(5, currency=" usd\t", order_id="  order-5 "),
    "emoji": placed(6, customer_id="c-1 🚲 \\ud800"),
    "upper-id": placed(7) | {"event_id": "00000007-AAAA-4AAA-AAAA-AAAAAAAAAAAA"},
    "many-words": placed(8, customer_id="of many words " * 20_000),
    "ancient-promise": placed(9, promised_by="0001-01-01T00:00:00Z"),
    "spaces-and-quantity-as-text": placed(10, items=ordered(sku=" KIT-101\t", quantity="1")),
}

ANYWHERE = {
    80: "raw/orders/no day {at} all/x.txt",
    81: "raw/orders/beside.json",
    82: f"{DAY}/_hidden.json",
    83: f"{DAY}/hour=10/within.json",
    84: f"{DAY}/_more/.hidden",
}
"""Where an event may lie as well, by the order's number."""


@dataclass(frozen=True)
class Ran:
    lake: Lake
    counts: Counts
    reasons: dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ran(shared_lake: Callable[[str], Lake]) -> Ran:
    """A run over a file of each kind."""
    lake = shared_lake("bad")
    for name, (line, _) in BAD.items():
        lake.put(f"{DAY}/{name}.json", line)
    for name, record in GOOD.items():
        lake.put(f"{DAY}/{name}.json", record)
    lake.put(f"{DAY}/pretty.json", *json.dumps([placed(78)], indent=1).splitlines())
    lake.put(f"{DAY}/empty.json", b"")
    lake.put(f"{DAY}/blank.json", b"\n  \n\r\n")
    lake.put(f"{DAY}/cut.json.gz", ZIPPED[: len(ZIPPED) // 2])
    lake.put(f"{DAY}/whole.json.gz", ZIPPED[: len(ZIPPED)])
    lake.put(f"{DAY}/no.json.gz", b"this is not gzip")
    lake.put(f"{DAY}/latin.json", json.dumps(placed(79, order_id="caf?")).encode().replace(b"?", b"\xe9"))
    lake.put(f"{DAY}/latin-sku.json", json.dumps(placed(79, items=ordered(sku="caf?"))).encode().replace(b"?", b"\xe9"))
    lake.put(f"{DAY}/a b+%20ü.json", "bad")
    for number, key in ANYWHERE.items():
        lake.put(key, placed(number))
    lake.put(f"{DAY}/digits.json", placed(85, items=ordered(sku="00123")))
    lake.put(f"{DAY}/marked.json", b"\xef\xbb\xbf" + json.dumps(placed(86)).encode())
    lake.put(f"{DAY}/marked.json.gz", gzip.compress(b"\xef\xbb\xbf" + json.dumps(placed(87)).encode()))
    counts = lake.run(limit_percent=100)["orders"]
    reasons: dict[str, list[dict[str, Any]]] = {}
    for each in lake.quarantined("orders"):
        reasons.setdefault(each["source"], []).append(each)
    return Ran(lake, counts, reasons)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_quarantined_whole_with_its_reason_source_and_date(ran: Ran, name: str) -> None:
    line, reason = BAD[name]
    assert ran.reasons[f"{DAY}/{name}.json"] == [
        {
            "source": f"{DAY}/{name}.json",
            "reason": reason,
            "text": line if isinstance(line, str) else json.dumps(line),
            "times": 1,
            "rejected_on": "2026-11-22",
        }
    ]


@pytest.mark.parametrize("name", GOOD)
def test_what_can_be_read_without_loss_is_a_row_of_the_one_spelling(ran: Ran, name: str) -> None:
    assert f"{DAY}/{name}.json" not in ran.reasons
    number = list(GOOD).index(name) + 1
    (row,) = [row for row in ran.lake.rows("orders") if row["event_id"] == placed(number)["event_id"]]
    assert (row["total_cents"], row["currency"], str(row["dt"])) == (1800, "USD", "2026-11-01")
    assert row["order_id"] == f"order-{number}"
    assert row["items"] == [{"sku": "KIT-101", "quantity": 1, "unit_price_cents": 1800}]
    assert row["occurred_at"].isoformat() == "2026-11-01T10:00:00+00:00"


def test_an_unreadable_gzip_is_named_and_what_can_be_read_of_it_is_kept(ran: Ran) -> None:
    (cut,) = ran.reasons[f"{DAY}/cut.json.gz"]
    assert cut["reason"].startswith("unreadable gzip: ")
    assert "text" not in cut
    (no,) = ran.reasons[f"{DAY}/no.json.gz"]
    assert no["reason"] == "unreadable gzip: not a gzip file"
    numbers = {int(row["event_id"][:8]) for row in ran.lake.rows("orders")}
    assert set(range(500, 900)) <= numbers


def test_an_array_over_many_lines_is_quarantined_line_by_line(ran: Ran) -> None:
    lines = json.dumps([placed(78)], indent=1).splitlines()
    assert sum(each["times"] for each in ran.reasons[f"{DAY}/pretty.json"]) == len(lines)


@pytest.mark.parametrize("name", ["latin", "latin-sku"])
def test_text_that_is_not_utf8_is_not_taken_for_what_it_looks_like(ran: Ran, name: str) -> None:
    assert [each["reason"] for each in ran.reasons[f"{DAY}/{name}.json"]] == ["not UTF-8"]


def test_a_source_is_named_by_its_key_whatever_is_in_it(ran: Ran) -> None:
    assert [each["text"] for each in ran.reasons[f"{DAY}/a b+%20ü.json"]] == ["bad"]


def test_a_sku_of_digits_is_text_where_it_stands_in_quotes(ran: Ran) -> None:
    (row,) = [row for row in ran.lake.rows("orders") if row["order_id"] == "order-85"]
    assert [item["sku"] for item in row["items"]] == ["00123"]


def test_a_byte_order_mark_is_passed_by(ran: Ran) -> None:
    assert {86, 87} <= {int(row["event_id"][:8]) for row in ran.lake.rows("orders")}


def test_a_file_of_any_name_in_any_folder_is_read(ran: Ran) -> None:
    assert ANYWHERE.keys() <= {int(row["event_id"][:8]) for row in ran.lake.rows("orders")}


def test_all_that_was_read_is_accounted_for(ran: Ran) -> None:
    counts = ran.counts
    assert counts.rejected == sum(each["times"] for found in ran.reasons.values() for each in found)
    assert counts.written == len(ran.lake.rows("orders")) == 400 + len(GOOD) + len(ANYWHERE) + 3
    assert counts.read == counts.written + counts.duplicates + counts.rejected
    assert counts.duplicates > 50


def test_all_of_it_read_again_is_nothing_new_in_table_or_quarantine(ran: Ran) -> None:
    before = ran.lake.written()
    assert ran.lake.run(limit_percent=100, again=frozenset({"all"}))["orders"] == ran.counts
    assert ran.lake.written() == before


def test_a_lake_with_nothing_in_it_is_no_error(lake: Lake) -> None:
    assert lake.run() == NOTHING
    (lake.root / "raw/orders").mkdir(parents=True)
    assert lake.run() == NOTHING


def test_files_without_a_line_are_read_and_are_nothing(lake: Lake) -> None:
    lake.put(f"{DAY}/empty.json", b"")
    assert lake.run() == NOTHING
    assert lake.rows("orders") == []


def test_too_much_that_is_bad_fails_the_run_after_all_is_written_and_again_until_it_is_accepted(lake: Lake) -> None:
    lake.put(f"{DAY}/a.json", *[placed(number) for number in range(900)], *["bad"] * 100)
    lake.put("raw/products/dt=2026-11-01/a.json", {"no": "product"})
    with pytest.raises(TooManyRejected) as failure:
        lake.run(limit_percent=9.9)
    assert str(failure.value) == (
        "10.0 % of the rows of orders were rejected (100 of 1000, the limit is 9.9 %): "
        f"see file://{lake.root}/quarantine/orders/"
    )
    assert len(lake.rows("orders")) == 900
    assert [each["times"] for each in lake.quarantined("orders")] == [100]
    with pytest.raises(TooManyRejected):
        lake.run()
    assert lake.run(limit_percent=10)["orders"].rejected == 100
    assert lake.run() == NOTHING
    assert [each["times"] for each in lake.quarantined("orders")] == [100]


def test_a_domain_of_few_rows_fails_the_run_as_well(lake: Lake) -> None:
    lake.put("raw/products/dt=2026-11-01/a.json", *["bad"] * 9)
    assert lake.run()["products"].rejected == 9
    lake.put("raw/products/dt=2026-11-01/b.json", "bad")
    with pytest.raises(TooManyRejected, match=r"rows of products were rejected \(10 of 10, the limit is 5 %\)"):
        lake.run()


def test_quarantine_lies_below_the_prefix_of_its_domain_by_the_day_of_its_source(ran: Ran) -> None:
    folders = {path.parent.name for path in (ran.lake.root / contract.quarantine("orders")).rglob("*.json")}
    assert folders == {"dt=2026-11-01"}
