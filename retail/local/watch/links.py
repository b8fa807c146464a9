"""The lines of the picture: from which box to which something goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retail.contracts import lake
from retail.local.watch.facts import Pipeline


@dataclass(frozen=True, slots=True)
class Link:
    """A line from one box to another, by their ids; `shape` is how it leaves and arrives, see wires.js."""

    start: str
    end: str
    shape: str


SHOP_LINKS = (
    Link("browser", "waf", "across"),
    Link("listener", "targets", "down"),
    Link("targets", "tasks", "across"),
    Link("tasks", "relay", "down"),
    Link("tasks", "cache", "across"),
    Link("tasks", "reader", "across"),
    Link("tasks", "writer", "across"),
    Link("tasks", "carts", "across"),
    Link("relay", "bus", "under"),
)


def links(behaviours: int, shop: Sequence[Pipeline], objects: Sequence[Pipeline]) -> Iterable[Link]:
    """All of them: `shop` are the pipelines behind the bus, `objects` those behind the lake's new objects."""
    yield from SHOP_LINKS
    for number in range(behaviours):
        yield Link("waf", f"behaviour-{number}", "across")
        yield Link(f"behaviour-{number}", "listener", "across")
    for pipeline in (*shop, *objects):
        queue, function = f"queue-{pipeline.queue}", f"function-{pipeline.function}"
        if pipeline in shop:
            yield Link("bus", f"rule-{pipeline.rule}", "drop")
            yield Link(f"rule-{pipeline.rule}", queue, "down")
        else:
            yield Link(f"raw-{lake.DOMAINS[-1]}", queue, "drop")
            yield Link(function, "crawlers", "down")
        yield Link(queue, function, "down")
        yield Link(queue, f"dead-{pipeline.queue}", "across")
        for end in WRITES.get(package(pipeline), ()):
            yield Link(function, end, "down" if end == "topic" else "rail")
    yield Link(f"raw-{lake.DOMAINS[0]}", "job", "across")
    yield Link("job", f"curated-{lake.DOMAINS[0]}", "down")
    yield Link(f"curated-{lake.DOMAINS[-1]}", "athena", "down")


WRITES = {
    "order_processor": ("writer", "raw-orders"),
    "inventory_handler": ("writer", "cache", "raw-inventory"),
    "notification": ("topic",),
}
"""Where a function writes, by its package: that is its code and stands in no template."""


def package(pipeline: Pipeline) -> str:
    """The package below lambdas/ that the function runs."""
    return pipeline.handler.split(".")[1] if "." in pipeline.handler else ""
