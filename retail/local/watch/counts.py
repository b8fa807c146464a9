"""What only counters tell between two looks: reads of cache and reader, queues that grew, new objects."""

from __future__ import annotations

from collections.abc import Iterator

from retail.local.watch.facts import Data, LakeObject
from retail.local.watch.passes import ARCHIVED_BY, Pass, running


def grown(before: Data, after: Data, at: float) -> Iterator[Pass]:
    """The passes between two looks, all at the time of the second."""
    yield from _reads(before, after, at)
    yield from _queues(before, after, at)
    yield from _objects(before, after, at)


def _reads(before: Data, after: Data, at: float) -> Iterator[Pass]:
    if before.cache and after.cache:
        hits, misses = after.cache.hits - before.cache.hits, after.cache.misses - before.cache.misses
        if hits + misses > 0:
            yield Pass(f"cache {at}", at, ("tasks", "cache"), f"Cache: {hits} hits, {misses} misses")
    if before.reader and after.reader and after.reader.scans > before.reader.scans:
        yield Pass(f"reader {at}", at, ("tasks", "reader"), f"Reader: {after.reader.scans - before.reader.scans} reads")


def _queues(before: Data, after: Data, at: float) -> Iterator[Pass]:
    for pipeline in after.pipelines:
        queue, dead = f"queue-{pipeline.queue}", f"dead-{pipeline.queue}"
        more = _more(before, after, pipeline.queue)
        if more:
            yield Pass(f"{queue} {at}", at, (f"rule-{pipeline.rule}", queue), f"{pipeline.queue}: {more} more waiting")
        more = _more(before, after, pipeline.dead_letters)
        if more:
            yield Pass(f"{dead} {at}", at, (queue, dead), f"{pipeline.dead_letters}: {more} more", is_bad=True)


def _more(before: Data, after: Data, queue: str) -> int:
    """How many more messages wait; none where one of the two looks has not seen the queue."""
    if queue not in before.depths or queue not in after.depths:
        return 0
    return max(0, after.depths[queue].waiting - before.depths[queue].waiting)


def _objects(before: Data, after: Data, at: float) -> Iterator[Pass]:
    if not before.lake:
        return
    known = {found.key for found in before.objects}
    for found in after.objects:
        if found.key not in known:
            yield Pass(f"object {found.key}", at, (_writer(after, found), f"raw-{found.domain}"), f"New: {found.key}")


def _writer(data: Data, found: LakeObject) -> str:
    pipeline = running(data, ARCHIVED_BY.get(found.domain, ""))
    return f"function-{pipeline.function}" if pipeline else "tasks"
