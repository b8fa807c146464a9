"""The local Athena: where Trino and DuckDB mean different things by the same words, it answers as Athena does."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from retail.local.athena import run
from retail.local.trino import QueryError
from tests.emitted import ROOT
from tests.lake.conftest import Lake

NOW = datetime(2026, 9, 15, 12, 30, tzinfo=UTC)


def value(expression: str, lake: Path) -> Any:
    """What an expression comes to."""
    ((found,),) = run(f"SELECT {expression} AS it", lake, NOW).rows
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("12345 / 100.0", Decimal("123.5")),
        ("CAST(12345 AS decimal(18, 2)) / 100", Decimal("123.45")),
        ("(1.5 + 1) / 2", Decimal("1.3")),
        ("7 / 2", 3),
        ("1e0 / 4", 0.25),
        ("date_diff('hour', timestamp '2026-09-15 00:59:00', timestamp '2026-09-15 02:00:00')", 1),
        ("date_diff('day', date '2026-09-01', current_date)", 14),
        ("current_date", date(2026, 9, 15)),
        ("localtimestamp", datetime(2026, 9, 15, 12, 30)),
        ("current_timestamp", NOW),
        ("date_add('day', -30, current_date) = date '2026-08-16'", True),
    ],
)
def test_an_expression_comes_to_what_it_does_on_athena(expression: str, expected: Any, tmp_path: Path) -> None:
    found = value(expression, tmp_path)
    assert (found, type(found)) == (expected, type(expected))


def test_unnest_has_a_column_for_each_field_of_a_row_by_its_place(corner: Lake) -> None:
    query = "SELECT max(a), max(b), max(c) FROM orders CROSS JOIN UNNEST(items) AS line (a, b, c)"
    assert run(query, corner.root, corner.now).rows == [("WIDE-59", 2, 1_234_567_895)]


@pytest.mark.parametrize("columns", ["(item)", "(sku, quantity)"])
def test_an_unnest_that_athena_refuses_is_refused(columns: str, corner: Lake) -> None:
    """One column for the row is DuckDB's form, and passes in many a local test."""
    query = f"SELECT count(*) AS lines FROM orders CROSS JOIN UNNEST(items) AS line {columns}"
    with pytest.raises(QueryError, match=r"UNNEST gives 3 columns \(sku, quantity, unit_price_cents\), \d are named"):
        run(query, corner.root, corner.now)


def test_days_are_seen_from_the_platforms_first_until_today(corner: Lake) -> None:
    """As the table's partitions are projected (T185): one order was placed tomorrow."""
    seen = run("SELECT max(dt) AS last FROM orders", corner.root, corner.now).rows
    tomorrow = run("SELECT max(dt) AS last FROM orders", corner.root, datetime(2026, 5, 16, tzinfo=UTC)).rows
    assert (seen, tomorrow) == ([(date(2026, 5, 14),)], [(date(2026, 5, 16),)])
    assert run("SELECT count(*) AS n FROM orders", corner.root, datetime(2025, 12, 31, tzinfo=UTC)).rows == [(0,)]


def test_a_lake_in_which_nothing_is_curated_yet_has_empty_tables(tmp_path: Path) -> None:
    for table in ("orders", "inventory", "products"):
        assert run(f"SELECT * FROM {table}", tmp_path, NOW).rows == []


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("SELECT colour FROM products", "Column 'colour' could not be resolved"),
        ("SELECT count(*) AS n FROM baskets", "Table with name baskets does not exist"),
        ("SELECT FROM WHERE", "Expected table name"),
        ("DROP TABLE orders", "give one SELECT"),
        ("SELECT 1; SELECT 2", "give one SELECT"),
        ("SELECT reduce(ARRAY[1], 0, (s, x) -> s + x, s -> s * 2) AS it", "'finish' is not supported"),
    ],
)
def test_a_query_that_cannot_be_answered_is_named_in_one_line(query: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(QueryError) as refused:
        run(query, tmp_path, NOW)
    assert sentence in str(refused.value)
    assert str(refused.value).isprintable()


def athena(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "retail.local.athena", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_command_line_shows_a_table(corner: Lake) -> None:
    query = "SELECT sku, version, name FROM products WHERE version > 1 ORDER BY sku, version DESC LIMIT 1"
    done = athena(query, "--lake", str(corner.root))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "sku     version  name",
        "GONE-1       10  Mug, navy blue",
    ]


def test_the_command_line_knows_the_named_queries(corner: Lake) -> None:
    done = athena("daily_revenue", "--lake", str(corner.root))
    assert done.returncode == 0
    assert done.stdout.split()[:4] == ["dt", "currency", "orders", "revenue"]


def test_a_folder_that_is_not_there_is_named_with_the_mend(tmp_path: Path) -> None:
    done = athena("SELECT 1 AS one", "--lake", str(tmp_path / "nowhere"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"athena: {tmp_path / 'nowhere'} is no folder: give the one that holds curated/\n"
