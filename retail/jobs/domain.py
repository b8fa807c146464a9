"""One domain: what is new in its raw folders becomes rows of its table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from retail.contracts import lake
from retail.jobs import ledger, publishing, quarantine, reading, writing
from retail.jobs.checking import check
from retail.jobs.counts import Counts
from retail.jobs.folding import fold
from retail.jobs.merging import DAY
from retail.jobs.stores import Object, Store


@dataclass(frozen=True, slots=True)
class Curated:
    """What became of a domain: its counts, the days that were written, and what to note when all is done."""

    counts: Counts
    days: list[str]
    fingerprints: dict[str, str]


def curate(spark: SparkSession, store: Store, domain: str, now: datetime, again: frozenset[str]) -> Curated:
    """Read the folders that have changed and those of the days to be read `again`; write their days and quarantine."""
    publishing.clear(store, lake.curated(domain))
    folders = ledger.folders(store, domain)
    fingerprints = ledger.fingerprints(folders)
    known = ledger.read(store, domain)
    # A folder that is gone stays noted, as its events stay in the table.
    noted = known | fingerprints
    objects = [
        each
        for folder, objects in sorted(folders.items())
        if known.get(folder) != fingerprints[folder] or again & {"all", folder.rpartition("=")[2]}
        for each in objects
    ]
    if not objects:
        return Curated(Counts(), [], noted)
    counts, days = _curate(spark, store, domain, now, objects)
    return Curated(counts, days, noted)


def _curate(
    spark: SparkSession, store: Store, domain: str, now: datetime, objects: list[Object]
) -> tuple[Counts, list[str]]:
    # Kept, since three look at it: the count, the quarantine and the table. Reading it anew costs more each time.
    checked = check(reading.lines(spark, store, objects), domain, now).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        good, rejected, odd = _count(checked)
        # The bad before the good: a run that dies between has lost nothing and repeats both.
        if rejected:
            quarantine.write(spark, store, domain, checked.where("reason IS NOT NULL"), now)
        if not good:
            return Counts(read=rejected, rejected=rejected), []
        rows = fold(checked.where("reason IS NULL"), domain, odd)
        written = writing.write(spark, store, domain, rows, good)
    finally:
        checked.unpersist()
    events = sum(good.values())
    counts = Counts(
        read=events + rejected,
        written=written.rows,
        duplicates=events - written.rows - written.superseded,
        superseded=written.superseded,
        rejected=rejected,
    )
    return counts, written.days


def _count(checked: DataFrame) -> tuple[dict[str, int], int, bool]:
    """How many good rows there are of each day, how many bad ones, and whether any good one's text is odd."""
    day = f"CASE WHEN reason IS NULL THEN CAST({DAY} AS string) END AS day"
    counted = checked.selectExpr(day, "CAST(odd AS int) AS odd").groupBy("day")
    rows = counted.agg({"*": "count", "odd": "max"}).toDF("day", "count", "odd").collect()
    by_day = {row["day"]: row["count"] for row in rows}
    odd = any(row["odd"] for row in rows if row["day"])
    return by_day, by_day.pop(None, 0), odd
