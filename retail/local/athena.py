"""Athena on one machine: the analysts' queries, word for word as they are deployed, over curated Parquet in a folder.

    python -m retail.local.athena "SELECT count(*) AS orders FROM orders" --lake .local/lake
    python -m retail.local.athena daily_revenue --lake .local/lake          # a query of retail/queries by its name

DuckDB answers. That a query runs here is evidence of what it counts, and not that Athena takes each of its words.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from retail.contracts import lake as contract
from retail.local.trino import QueryError, duckdb_type, to_duckdb

QUERIES = Path(__file__).parents[1] / "queries"
DAY, DAY_TYPE = contract.PARTITION
LOSES_DAYS = "window_self_join"
"""An optimizer of DuckDB 2.0.0 that answers a window over some days' folders from all of them."""

TABLES = {domain: {**columns, DAY: DAY_TYPE} for domain, columns in contract.COLUMNS.items()}


@dataclass(frozen=True, slots=True)
class Result:
    """What a query has found."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def run(query: str, lake: Path, now: datetime | None = None) -> Result:
    """Ask the tables below ``lake``, a folder that holds what the lake's bucket holds.

    ``now`` (UTC) is what ``current_date`` and ``localtimestamp`` say, by default the time it is. Raises QueryError.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    text = to_duckdb(query, TABLES, now)
    if not lake.is_dir():
        raise QueryError(f"{lake} is no folder: give the one that holds {contract.CURATED}")
    with tables(lake, now) as connection:
        try:
            found = connection.execute(text)
            return Result([column[0] for column in found.description], found.fetchall())
        except duckdb.Error as error:
            raise QueryError(" ".join(str(error).split())) from None


def tables(lake: Path, now: datetime) -> duckdb.DuckDBPyConnection:
    """DuckDB with a table for each domain, as of ``now``."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET disabled_optimizers = '{LOSES_DAYS}'")
    for domain in contract.DOMAINS:
        connection.execute(table(domain, lake, now))
    return connection


def table(domain: str, lake: Path, now: datetime) -> str:
    """The statement that makes a domain's table of its Parquet, with the days that Athena projects and no others."""
    files = sorted((lake / contract.curated(domain)).glob(f"{DAY}=*/[!_.]*.parquet"))
    if not files:
        columns = ", ".join(f'"{name}" {duckdb_type(kind)}' for name, kind in TABLES[domain].items())
        return f"CREATE TABLE {domain} ({columns})"
    # Parquet's timestamps in UTC have a zone for DuckDB and none for Athena.
    columns = ", ".join(
        f'CAST("{name}" AS TIMESTAMP) AS "{name}"' if kind == "timestamp" else f'"{name}"'
        for name, kind in TABLES[domain].items()
    )
    names = ", ".join("'{}'".format(str(file).replace("'", "''")) for file in files)
    return (
        f"CREATE VIEW {domain} AS SELECT {columns} "
        f"FROM read_parquet([{names}], hive_partitioning = true, hive_types = {{'{DAY}': {DAY_TYPE}}}) "
        f"WHERE {DAY} BETWEEN DATE '{contract.FIRST_DAY}' AND DATE '{now:%Y-%m-%d}'"
    )


def shown(result: Result) -> str:
    """The result as a table of text, numbers to the right."""
    lines = [result.columns, *[["" if value is None else str(value) for value in row] for row in result.rows]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    numbers = [
        bool(result.rows) and all(not isinstance(row[place], str) for row in result.rows)
        for place in range(len(widths))
    ]
    return "\n".join(
        "  ".join(
            word.rjust(width) if number else word.ljust(width)
            for word, width, number in zip(line, widths, numbers, strict=True)
        ).rstrip()
        for line in lines
    )


def main() -> int:
    """Ask as the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m retail.local.athena", description="Query the lake in a folder.")
    parser.add_argument("query", help="a SELECT, or the name of a query in retail/queries, such as daily_revenue")
    parser.add_argument("--lake", type=Path, required=True, help="the folder that holds what the lake's bucket holds")
    options = parser.parse_args()
    named = {path.stem: path for path in QUERIES.glob("*.sql")}
    query = named[options.query].read_text(encoding="utf-8") if options.query in named else options.query
    try:
        print(shown(run(query, options.lake)))
    except QueryError as error:
        print(f"athena: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
