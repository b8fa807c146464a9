"""What each box of the picture shows at a moment: a figure, a note, and how it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from retail.contracts import lake
from retail.local.watch.facts import Data, Depth, Pipeline, Prefix
from retail.local.watch.latest import Latest
from retail.local.watch.watched import Process, Snapshot

Tone = Literal["", "busy", "bad", "down"]


@dataclass(frozen=True, slots=True)
class Face:
    """What a box shows. `tone` is busy where something waits, bad where something failed, down where nothing is."""

    figure: str = ""
    note: str = ""
    tone: Tone = ""
    detail: str = ""
    """Lines for whoever opens the box."""


def faces(snapshot: Snapshot, latest: Latest) -> dict[str, Face]:
    """The faces by the part's id; a part that is not in it has nothing to show."""
    data = snapshot.data
    shown = dict(_way_in(snapshot, latest))
    shown |= _application(snapshot)
    shown |= _data_tier(snapshot)
    for pipeline in data.pipelines:
        shown |= _pipeline(pipeline, snapshot, latest)
    shown |= _events(data)
    shown |= _analytics(snapshot)
    return shown


def _way_in(snapshot: Snapshot, latest: Latest) -> Iterator[tuple[str, Face]]:
    data, counts, last = snapshot.data, snapshot.counts, latest.request
    yield "browser", Face(_count(counts.requests, "request"), f"{last.method} {last.path}" if last else "")
    rules = dict.fromkeys([*data.rules, *counts.blocked])
    note = "\n".join(f"{rule} {counts.blocked[rule]}" if counts.blocked.get(rule) else rule for rule in rules)
    yield "waf", Face(f"{sum(counts.blocked.values())} blocked", note)
    for number, pattern in enumerate(data.behaviours):
        seen = counts.behaviours.get(pattern, {})
        hits, misses, uncached = (seen.get(cache, 0) for cache in ("Hit", "Miss", ""))
        if hits + misses:
            yield f"behaviour-{number}", Face(f"{100 * hits // (hits + misses)} %", f"hit, of {hits + misses}")
        else:
            yield f"behaviour-{number}", Face(str(uncached) if uncached else "", "not cached" if uncached else "")
    yield "listener", Face(f"{counts.refused} refused" if counts.refused else "")


def _application(snapshot: Snapshot) -> Mapping[str, Face]:
    tasks = [each for each in snapshot.processes if each.name.startswith("task-")]
    up = sum(each.is_up for each in tasks)
    details = [f"{each.name} {each.detail or 'is down'}" for each in tasks if not each.is_up]
    tone: Tone = "" if up == len(tasks) else "bad" if up else "down"
    shown = {
        "targets": Face(f"{up} of {len(tasks)} up", "", tone),
        "tasks": Face(_count(len(tasks), "task"), "; ".join(details), tone),
    }
    shop = snapshot.data.shop
    if shop:
        waiting = shop.outbox_waiting
        shown["relay"] = Face(f"{waiting} waiting", "events to publish", "busy" if waiting else "")
    return shown


def _data_tier(snapshot: Snapshot) -> Mapping[str, Face]:
    data = snapshot.data
    shown = {"carts": Face(_count(data.carts, "line"), "DynamoDB")}
    if data.cache:
        asked = data.cache.hits + data.cache.misses
        rate = f"{100 * data.cache.hits // asked} % hit" if asked else "not asked yet"
        shown["cache"] = Face(rate, f"{_count(data.cache.keys, 'key')}, {_bytes(data.cache.bytes)}")
    if data.reader:
        lag = f"{_bytes(data.reader.lag_bytes)} behind" if data.reader.lag_bytes else "up to date"
        shown["reader"] = Face(_count(data.reader.scans, "read"), lag)
    if data.shop:
        orders = sum(data.shop.orders_by_status.values())
        by_status = ", ".join(f"{count} {status}" for status, count in sorted(data.shop.orders_by_status.items()))
        shown["writer"] = Face(_count(orders, "order"), by_status or _count(data.shop.connections, "connection"))
    processes = {each.name: each for each in snapshot.processes}
    for name in ("cache", "reader", "writer"):
        if name in data.silent or not _is_up(processes.get(name)):
            shown[name] = Face("down", data.silent.get(name, ""), "down")
    return shown


def _is_up(process: Process | None) -> bool:
    return process is None or process.is_up


def _pipeline(pipeline: Pipeline, snapshot: Snapshot, latest: Latest) -> Mapping[str, Face]:
    depths = snapshot.data.depths
    depth, dead = depths.get(pipeline.queue, Depth()), depths.get(pipeline.dead_letters, Depth())
    lost = depths.get(pipeline.undelivered, Depth()).waiting
    notes = [f"{count} {word}" for count, word in ((depth.in_flight, "in flight"), (depth.delayed, "later")) if count]
    last = latest.runs.get(pipeline.function)
    shown = {
        f"queue-{pipeline.queue}": Face(
            f"{depth.waiting} waiting",
            ", ".join(notes) or (f"{lost} undelivered" if lost else ""),
            "bad" if lost else "busy" if depth.waiting or depth.in_flight else "",
        ),
        f"dead-{pipeline.queue}": Face(f"{dead.waiting + dead.in_flight}", "", "bad" if dead.waiting else ""),
        f"function-{pipeline.function}": Face("no run yet", ""),
    }
    runs = snapshot.counts.runs.get(pipeline.function, 0)
    if last:
        took = f"last {1000 * last.seconds:.0f} ms"
        failed = last.error or (f"{last.failed} of {last.messages} failed" if last.failed else "")
        shown[f"function-{pipeline.function}"] = Face(_count(runs, "run"), failed or took, "bad" if failed else "")
    return shown


def _events(data: Data) -> Mapping[str, Face]:
    published = [event for event in data.shop.events if event.published_at] if data.shop else []
    undelivered = data.depths.get("BusUndelivered", Depth()).waiting
    return {
        "bus": Face(
            f"{undelivered} undelivered" if undelivered else "",
            f"last {published[0].detail_type}" if published else "",
            "bad" if undelivered else "",
        ),
        "archive": Face(_count(data.archived, "event")),
        "topic": Face(f"{data.told_total} told"),
    }


def _analytics(snapshot: Snapshot) -> Mapping[str, Face]:
    data = snapshot.data
    shown = {}
    for domain in lake.DOMAINS:
        for name, prefix in (("raw", lake.raw(domain)), ("curated", lake.curated(domain))):
            there = data.lake.get(prefix, Prefix())
            shown[f"{name}-{domain}"] = Face(f"{there.objects}", _bytes(there.bytes) if there.objects else "")
    running = [state for state in data.crawlers.values() if state != "READY"]
    shown["crawlers"] = Face(
        f"{len(running)} of {len(data.crawlers)} running" if running else "ready", "", "busy" if running else ""
    )
    shown["job"] = Face("not run yet", "Spark")
    job = snapshot.job
    if job:
        tone: Tone = "busy" if job.state == "RUNNING" else "bad" if job.state == "FAILED" else ""
        shown["job"] = Face(job.state.lower(), job.text or f"{job.seconds:.0f} s", tone)
    return shown


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _bytes(number: int) -> str:
    size = float(number)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
