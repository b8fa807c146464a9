"""The counts balance to the row, and the rows are those that a plain reading of the raw files finds."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import pytest

from retail.contracts.lake import DOMAINS
from retail.local.expected import Expected, expected
from retail.local.history import History
from tests.jobs.conftest import NOTHING, Lake

LATE = History(orders=7_500, seed=4, days=4)


def as_json(row: dict[str, Any]) -> dict[str, Any]:
    """A row that DuckDB has read, as JSON would have it."""

    def plain(value: Any) -> Any:
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if isinstance(value, datetime) else value

    return {name: plain(value) for name, value in row.items() if name != "dt"}


def assert_balanced(lake: Lake, counts: dict[str, Any], found: dict[str, Expected]) -> None:
    for domain in DOMAINS:
        told = asdict(counts[domain])
        wanted = found[domain]
        assert told == {name: getattr(wanted, name) for name in told}, domain
        assert told["read"] == told["written"] + told["duplicates"] + told["superseded"] + told["rejected"]
        assert sum(each["times"] for each in lake.quarantined(domain)) == told["rejected"]


def test_twenty_thousand_events_with_all_their_faults_balance_to_the_row_twice_over(lake: Lake) -> None:
    LATE.write(lake.root)
    LATE.write_late(lake.root)
    found = expected(lake.root)
    assert found["orders"].read > 20_000
    counts = lake.run()
    assert_balanced(lake, counts, found)
    for domain in DOMAINS:
        rows = lake.rows(domain)
        assert {row["event_id"]: as_json(row) for row in rows} == found[domain].rows, domain
        assert {(row["dt"], row["occurred_at"].astimezone(UTC).date()) for row in rows} == {
            (row["dt"], row["dt"]) for row in rows
        }
    before = lake.written()
    assert lake.run() == NOTHING
    assert lake.written() == before
    again = lake.run(again=frozenset({"all"}))
    assert_balanced(lake, again, found)
    assert lake.written() == before


@pytest.mark.slow
def test_what_comes_late_is_added_to_its_day_and_the_end_is_as_if_it_had_come_in_time(lake: Lake) -> None:
    past = History(orders=300, seed=9, late=0.2, days=3)
    past.write(lake.root)
    first = {row["event_id"] for row in _run(lake)}
    past.write_late(lake.root)
    rows = _run(lake)
    assert len(first) < len(rows)
    for domain in DOMAINS:
        assert {row["event_id"]: as_json(row) for row in lake.rows(domain)} == expected(lake.root)[domain].rows


def _run(lake: Lake) -> list[dict[str, Any]]:
    lake.run()
    return lake.rows("orders")


@pytest.mark.slow
def test_a_million_order_events_balance_to_the_row_twice_over(lake: Lake) -> None:
    History(orders=382_000, lines_per_file=20_000).write(lake.root)
    found = expected(lake.root)
    assert found["orders"].read > 1_000_000
    counts = lake.run()
    print(json.dumps({domain: asdict(each) for domain, each in counts.items()}))
    assert_balanced(lake, counts, found)
    ids = {row["event_id"] for row in lake.rows("orders")}
    assert ids == found["orders"].rows.keys()
    assert_balanced(lake, lake.run(again=frozenset({"all"})), found)
    assert {row["event_id"] for row in lake.rows("orders")} == ids
    assert min(row["dt"] for row in lake.rows("products")) >= date(2026, 9, 1)
