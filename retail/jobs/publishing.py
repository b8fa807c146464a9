"""From Spark's staging folder to where readers look, without a moment at which a day is not there.

Spark's own overwrite of partitions removes a day's folder and then moves the new files in; in S3 that is no rename but
copies, and whoever reads between finds less than there is, or nothing if the job dies there. So Spark writes aside, and
each file then takes the place of its forerunner at once, under the same name. Where a day gets more files or fewer,
their events are dealt out anew, so that these have names of their own and take nothing's place. What is left over goes
last.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from retail.contracts.lake import PARTITION
from retail.jobs.stores import Store

STAGING = "_staging/"
"""Within a table's prefix, where queries pass it by."""

FILE = "file"
"""By what Spark is to tell the files of a day apart, where there may be several."""

WRITTEN = re.compile(rf"({PARTITION[0]}=[^/]+)/(?:{FILE}=(\d+)/)?part-[^/]*?(\.json|\.parquet)$")
AT_ONCE = 16


def clear(store: Store, prefix: str) -> None:
    """Remove what a run that died has left aside."""
    store.clear(prefix + STAGING)


def publish(
    store: Store, prefix: str, files: Mapping[str, int] | None = None, emptied: Collection[str] = ()
) -> list[str]:
    """Move the staged files of each day in; returns the days. `files` says by day among how many its events are dealt
    out, where that is not one. Days that are `emptied` lose what they had, unless they are staged as well.
    """
    moves: dict[str, str] = {}
    for each in store.objects(prefix + STAGING):
        found = WRITTEN.search(each.key)
        if found:
            several = (files or {}).get(found[1].rpartition("=")[2], 1)
            name = f"part-{int(found[2] or 0):05d}" + (f"-of-{several:05d}" if several > 1 else "")
            moves[each.key] = f"{prefix}{found[1]}/{name}{found[3]}"
    days = {target.rpartition("/")[0] for target in moves.values()}
    places = days | {f"{prefix}{PARTITION[0]}={day}" for day in emptied}
    before = {each.key for place in places for each in store.objects(f"{place}/")}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(store.move, moves.keys(), moves.values()))
    store.remove(sorted(before - set(moves.values())))
    clear(store, prefix)
    return sorted(day.rpartition("=")[2] for day in days)
