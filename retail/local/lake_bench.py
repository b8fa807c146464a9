"""How fast the Spark job is on this machine, as a ratio to DuckDB doing the same work on the same files in one run.

    python -m retail.local.lake_bench --events 100000 1000000
    python -m retail.local.lake_bench --events 5000000              # the largest of docs/performance.md; it takes long

The floor reads the same lines by the same columns, casts, drops doubles and broken lines and writes the same Parquet by
day; it neither names what is wrong with a line nor merges with what a day has. Time is that of the processors, so that
what else runs on the machine does not count, and beside it the clock's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from pyspark.sql import SparkSession

from retail.contracts import lake, raw
from retail.jobs import session
from retail.jobs.domain import curate
from retail.jobs.stores import Folder
from retail.local.history import History

EVENTS_PER_ORDER = 2.67
"""Of the orders' domain, doubles and broken lines included."""


@dataclass(frozen=True, slots=True)
class Took:
    """What a piece of work took, in seconds, and the rows that it wrote."""

    clock: float
    processor: float
    rows: int


def took(work: Callable[[], int], processor: Callable[[], float]) -> Took:
    """Do it and look at both clocks."""
    clock, used = time.monotonic(), processor()
    rows = work()
    return Took(time.monotonic() - clock, processor() - used, rows)


def jvm_seconds(spark: SparkSession) -> float:
    """The processor time that Spark's process has used."""
    process = spark.sparkContext._gateway.proc.pid  # type: ignore[union-attr]  # started by this process
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def job(spark: SparkSession, folder: Path) -> int:
    """The job over the orders of a folder."""
    return curate(spark, Folder(folder), "orders", datetime.now(UTC), frozenset()).counts.written


def floor(folder: Path, threads: int) -> int:
    """DuckDB over the same; returns the rows written."""
    fields: dict[str, str] = {"event_type": "string", "version": "bigint"}
    for more in raw.required("orders").values():
        fields |= more
    texts = {name: "JSON" if kind.startswith("array") else "VARCHAR" for name, kind in fields.items()}
    columns = ", ".join(_cast(name, kind) for name, kind in lake.COLUMNS["orders"].items())
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {threads}")
        connection.execute("SET TimeZone = 'UTC'")
        files = f"{folder}/{lake.raw('orders')}*/*.json"
        read = f"read_json('{files}', format = 'newline_delimited', ignore_errors = true, columns = {texts})"
        typed = f"SELECT {columns} FROM {read} WHERE version = '1' AND event_type IS NOT NULL"
        once = f"SELECT DISTINCT ON (event_id) *, occurred_at::DATE AS dt FROM ({typed}) WHERE occurred_at IS NOT NULL"
        good = f"{once} AND event_id IS NOT NULL AND occurred_at >= '{lake.FIRST_DAY}'"
        into = f"'{folder}/floor' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (dt), OVERWRITE)"
        (rows,) = connection.execute(f"COPY ({good}) TO {into}").fetchall()[0]
    return int(rows)


def _cast(name: str, kind: str) -> str:
    if kind == "timestamp":
        return f"try_cast({name} AS TIMESTAMPTZ) AS {name}"
    if kind == "bigint":
        return f"try_cast({name} AS BIGINT) AS {name}"
    if kind.startswith("array"):
        return (
            f"""from_json({name}, '[{{"sku":"VARCHAR","quantity":"INTEGER","unit_price_cents":"BIGINT"}}]') AS {name}"""
        )
    return f"upper(trim({name})) AS {name}" if name == "currency" else f"trim({name}) AS {name}"


def measure(events: int, folder: Path) -> None:
    """Measure both in a process of their own each, so that both begin cold, and print a line."""
    History(orders=int(events / EVENTS_PER_ORDER), days=7, lines_per_file=20_000).write(folder)
    found = {}
    for what in ("floor", "job"):
        command = [sys.executable, "-m", "retail.local.lake_bench", "--one", what, "--folder", str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        clock, processor, rows = done.stdout.split()[-3:]
        found[what] = Took(float(clock), float(processor), int(rows))
    ours, least = found["job"], found["floor"]
    print(
        f"{events:>9,} events: job {ours.rows:,} rows in {ours.clock:.1f} s, {ours.processor:.1f} s of processors; "
        f"DuckDB {least.rows:,} in {least.clock:.1f} s, {least.processor:.1f} s; "
        f"{ours.processor / least.processor:.1f} times DuckDB's processors, {ours.clock / least.clock:.1f} times its "
        f"clock; {events / ours.processor:,.0f} events a processor's second, {events / ours.clock:,.0f} a second",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m retail.local.lake_bench", description="Measure the Spark job.")
    parser.add_argument("--events", type=int, nargs="+", default=[100_000, 1_000_000], help="how many, each in turn")
    parser.add_argument("--one", choices=["floor", "job"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.one == "floor":
        done = took(lambda: floor(told.folder, os.cpu_count() or 1), time.process_time)
    elif told.one == "job":
        spark = session.here()
        done = took(lambda: job(spark, told.folder), lambda: jvm_seconds(spark))
    else:
        for events in told.events:
            with tempfile.TemporaryDirectory() as folder:
                measure(events, Path(folder))
        return 0
    print(done.clock, done.processor, done.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
