"""New rows and those that a day has already: each event once, and of a product its latest version.

Which of two rows of one event stays does not depend on their order, nor on which was there first: it is the lesser one,
column by column, and one that tells a column before one that does not. So a day read again, in whatever pieces, comes
out the same, and has what a new column asks for.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from retail.contracts import lake
from retail.jobs.publishing import FILE

DAY = lake.PARTITION[0]
KNOWN = "known"
"""Whether a row was there before."""


def merge(rows: DataFrame, domain: str, files: dict[str, int]) -> DataFrame:
    """Each event once, with the number of its `file` among its day's; `known` is whether it was there before only.

    `files` says by day how many files hold it. As long as they are as many, an event's file depends on its id alone, so
    that files are replaced one by one without an event being there twice or not at all.
    """
    counts = " ".join(f"WHEN DATE '{day}' THEN {several}" for day, several in files.items() if several > 1)
    count = F.expr(f"CASE {DAY} {counts} ELSE 1 END" if counts else "1")
    number = F.pmod(F.hash("event_id"), count)
    placed = rows.withColumn(FILE, number).repartition(_partitions(sum(files.values())), DAY, FILE)
    # The sort of the window is the one that writing by day and file wants as well.
    same = Window.partitionBy(DAY, FILE, "event_id")
    first = F.row_number().over(same.orderBy(*_all(domain)))
    known = F.min(KNOWN).over(same)
    return placed.withColumns({"first": first, KNOWN: known}).where("first = 1").drop("first")


def latest(rows: DataFrame) -> DataFrame:
    """The latest version of each product; `superseded` rows are the others."""
    newest = Window.partitionBy("sku").orderBy(F.desc("version"), F.desc("occurred_at"), F.desc("event_id"))
    return rows.withColumn("superseded", F.row_number().over(newest) > 1)


def _all(domain: str) -> list[Column]:
    return [F.col(name).asc_nulls_last() for name in lake.COLUMNS[domain] if name != "event_id"]


def _partitions(files: int) -> int:
    """Tasks: files fall on them by a hash, some on the same."""
    return max(1, min(2 * files, 200))
