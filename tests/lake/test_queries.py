"""The analysts' named queries, as they are deployed, against a plain count of the raw events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlglot

from retail.local.athena import run
from retail.local.trino import QueryError, to_duckdb
from tests.emitted import ROOT, everywhere
from tests.lake import corners, counting
from tests.lake.conftest import Lake
from tests.lake.counting import Answer, Told

Count = Callable[[Told, datetime], Answer]

QUESTIONS: dict[str, Count] = {
    "best sellers": counting.best_sellers,
    "conversion": counting.conversion,
    "daily revenue": counting.daily_revenue,
    "late shipments": counting.late_shipments,
    "orders by status": counting.orders_by_status,
    "stock outs": counting.stock_outs,
}
DEPLOYED = {query["Name"]: query["QueryString"] for _, _, query in everywhere("AWS::Athena::NamedQuery")}
TABLES = {
    table["TableInput"]["Name"]: {
        column["Name"]: column["Type"]
        for column in [*table["TableInput"]["StorageDescriptor"]["Columns"], *table["TableInput"]["PartitionKeys"]]
    }
    for _, _, table in everywhere("AWS::Glue::Table")
}
SOURCES = sorted((ROOT / "retail" / "queries").glob("*.sql"))


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_named_query_finds_what_a_plain_count_of_the_raw_events_finds(name: str, lake: Lake) -> None:
    found = [run(DEPLOYED[name], lake.root, now).rows for now in lake.moments]
    assert any(found)
    assert found == [QUESTIONS[name](lake.told, now) for now in lake.moments]


def test_every_named_query_is_counted_here() -> None:
    assert set(DEPLOYED) == set(QUESTIONS)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_what_is_deployed_is_the_file_below_its_describing_line(source: Path) -> None:
    describing, text = source.read_text(encoding="utf-8").split("\n", 1)
    named = {query["Name"]: query for _, _, query in everywhere("AWS::Athena::NamedQuery")}
    query = named[source.stem.replace("_", " ")]
    assert (query["QueryString"], f"-- {query['Description']}") == (text, describing)


@pytest.mark.parametrize("dialect", ["athena", "trino"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_named_query_is_one_select_of_the_dialect(name: str, dialect: str) -> None:
    (tree,) = sqlglot.parse(DEPLOYED[name], dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(tree, sqlglot.exp.Select)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_named_query_asks_for_columns_of_the_deployed_tables_and_no_others(name: str) -> None:
    to_duckdb(DEPLOYED[name], TABLES, corners.NOW)
    without_days = {
        table: {column: kind for column, kind in columns.items() if column != "dt"} for table, columns in TABLES.items()
    }
    with pytest.raises(QueryError, match="dt"):
        to_duckdb(DEPLOYED[name], without_days, corners.NOW)


@pytest.mark.parametrize("name", ["best sellers", "late shipments", "stock outs"])
def test_rows_that_tie_have_an_order_of_their_own(name: str) -> None:
    """Two runs are to show the same table, and a limit the same rows."""
    tree = sqlglot.parse_one(DEPLOYED[name], dialect="athena")
    last = tree.args["order"].expressions[-1].name
    assert last in {"order_id", "sku", "currency"}


def test_thirty_days_ago_is_the_first_day_seen_and_tomorrow_is_none(corner: Lake) -> None:
    days = [row[0].isoformat() for row in run(DEPLOYED["conversion"], corner.root, corner.now).rows]
    assert (days[0], days[-1]) == ("2026-04-15", "2026-05-14")


def test_what_is_late_is_paid_for_and_counted_in_whole_hours(corner: Lake) -> None:
    hours = [row[3] for row in run(DEPLOYED["late shipments"], corner.root, corner.now).rows]
    assert hours == [516, 24, 12, 1, 0]


def test_of_sixty_products_that_sold_alike_the_same_fifty_are_the_best(corner: Lake) -> None:
    rows = run(DEPLOYED["best sellers"], corner.root, corner.now).rows
    assert [row[0] for row in rows[:3]] == ["CUP-2", "MUG-1", "CUP-2"]
    assert [row[0] for row in rows[4:]] == [f"WIDE-{number:02}" for number in range(46)]


def test_money_keeps_its_cents(corner: Lake) -> None:
    rows = run(DEPLOYED["daily revenue"], corner.root, corner.now).rows
    assert {row[1]: row[3] for row in rows if row[0].isoformat() == "2026-04-25"} == {
        "EUR": Decimal("50.95"),
        "USD": Decimal("12345680.96"),
    }


def test_out_of_stock_begins_where_the_last_piece_went(corner: Lake) -> None:
    rows = run(DEPLOYED["stock outs"], corner.root, corner.now).rows
    assert [(sku, name, since.strftime("%d. %H:%M")) for sku, name, since in rows] == [
        ("TWICE-3", "Bowl", "14. 06:00"),
        ("GONE-1", "Mug, navy blue", "14. 16:00"),
        ("TIE-4", "Jug", "14. 21:00"),
        ("UNKNOWN-7", None, "15. 09:00"),
    ]
