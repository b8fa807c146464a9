"""What is known to have gone from where to where: each pass stands on a row, an object, a run or a request.

An order's passes, in the order of time, are its way. Nothing is concluded from one step to the next: a queue lights up
because its function has handled the event, not because it must have come by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lambdas.inventory_handler import stock
from lambdas.order_processor import orders as order_rows
from retail.local.watch.facts import Data, Event, Order, Pipeline
from retail.local.watch.links import package
from retail.local.watch.watched import Request, Run, Snapshot

CONSUMERS = {order_rows.CONSUMER: "order_processor", stock.CONSUMER: "inventory_handler"}
"""The package of the function that notes an event under this name."""

ARCHIVED_BY = {"orders": "order_processor", "inventory": "inventory_handler"}
"""The package of the function that writes a domain's objects; the storefront itself writes the others."""

TELLS = "notification"
CLOCK_SECONDS = 0.01
"""How far the edge's clock and the storefront's may be apart: one machine's, read at two places."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Something went through these parts, in this order."""

    id: str
    """The same each time it is seen."""

    at: float
    parts: tuple[str, ...]
    text: str
    order_id: str = ""
    is_exact: bool = True
    """Whether the time is known better than to the second."""

    is_bad: bool = False


def of_orders(snapshot: Snapshot) -> dict[str, list[Pass]]:
    """The ways of the last orders by their id, each in the order of time."""
    data = snapshot.data
    if data.shop is None:
        return {}
    ways: dict[str, list[Pass]] = {order.order_id: [] for order in data.shop.orders}
    for order in data.shop.orders:
        ways[order.order_id] += _requests(order, snapshot)
    by_id = {event.event_id: event for event in data.shop.events}
    for each in (
        *_published(data.shop.events[::-1]),
        *_handled(data, by_id),
        *_archived(data, by_id),
        *_told(data, by_id),
    ):
        if each.order_id in ways:
            ways[each.order_id].append(each)
    return {order_id: sorted(way, key=lambda each: each.at) for order_id, way in ways.items()}


def of_request(request: Request, behaviours: Sequence[str], order_id: str = "") -> Pass:
    """How far a request came."""
    parts = [] if request.is_direct else ["browser", "waf"]
    if request.behaviour in behaviours:
        parts.append(f"behaviour-{behaviours.index(request.behaviour)}")
    if request.is_direct:
        parts.append("listener")
    if request.target:
        parts += ["listener", "targets", "tasks"]
    verdict = f"blocked by {request.blocked_by}" if request.blocked_by else str(request.status)
    verdict += " from the load balancer, asked directly," if request.is_direct else ""
    kept = f", {request.cache.lower()} at the edge" if request.cache else ""
    return Pass(
        id=f"request {request.number}",
        at=request.at,
        parts=tuple(parts),
        text=f"{request.method} {request.path}: {verdict} in {request.milliseconds:.0f} ms{kept}",
        order_id=order_id,
        is_bad=bool(request.blocked_by) or request.status >= 500 or request.is_direct,
    )


def of_run(run: Run, pipelines: Sequence[Pipeline]) -> Pass | None:
    """A run of a function that a queue feeds, from its queue."""
    pipeline = next((each for each in pipelines if each.function == run.function), None)
    if pipeline is None:
        return None
    failed = run.error or (f"{run.failed} failed" if run.failed else "")
    messages = f"{run.messages} message" + ("" if run.messages == 1 else "s")
    return Pass(
        id=f"run {run.number}",
        at=run.started + run.seconds,
        parts=(f"queue-{pipeline.queue}", f"function-{pipeline.function}"),
        text=f"{run.function}: {messages} in {1000 * run.seconds:.0f} ms" + (f", {failed}" if failed else ""),
        is_bad=bool(failed),
    )


def _requests(order: Order, snapshot: Snapshot) -> Iterator[Pass]:
    """What the database says was done to an order, each with the one request that can have done it."""
    done = (
        ("placed", order.placed_at, ""),
        ("paid", order.paid_at, order.order_id),
        ("shipped", order.shipped_at, order.order_id),
    )
    for what, at, named in done:
        if at is None:
            continue
        asked = [
            each
            for each in snapshot.requests
            if each.method == "POST"
            and each.target
            and named in each.path
            and each.at - CLOCK_SECONDS <= at <= each.at + each.milliseconds / 1000 + CLOCK_SECONDS
        ]
        if len(asked) == 1:
            yield of_request(asked[0], snapshot.data.behaviours, order.order_id)
        yield Pass(f"{what} {order.order_id}", at, ("tasks", "writer"), f"{what.capitalize()}: written", order.order_id)


def _published(events: Iterable[Event]) -> Iterator[Pass]:
    for event in events:
        if event.published_at:
            yield Pass(
                id=f"published {event.event_id}",
                at=event.published_at,
                parts=("relay", "bus"),
                text=f"{event.detail_type} on the bus",
                order_id=event.order_id,
            )


def _handled(data: Data, by_id: Mapping[str, Event]) -> Iterator[Pass]:
    for each in data.shop.handled if data.shop else ():
        pipeline = running(data, CONSUMERS.get(each.consumer, ""))
        event = by_id.get(each.event_id)
        if pipeline and event:
            yield Pass(
                id=f"handled {each.event_id} {each.consumer}",
                at=each.at,
                parts=(*through(pipeline), "writer"),
                text=f"{pipeline.function} wrote {event.detail_type}",
                order_id=event.order_id,
            )


def _archived(data: Data, by_id: Mapping[str, Event]) -> Iterator[Pass]:
    for found in data.objects:
        pipeline = running(data, ARCHIVED_BY.get(found.domain, ""))
        for event_id in found.event_ids:
            event = by_id.get(event_id)
            if pipeline and event:
                yield Pass(
                    id=f"archived {event_id}",
                    at=found.at,
                    parts=(f"function-{pipeline.function}", f"raw-{found.domain}"),
                    text=f"{event.detail_type} in the lake",
                    order_id=event.order_id,
                )


def _told(data: Data, by_id: Mapping[str, Event]) -> Iterator[Pass]:
    pipeline = running(data, TELLS)
    for event_id, at in data.told.items():
        event = by_id.get(event_id)
        if pipeline and event:
            yield Pass(
                id=f"told {event_id}",
                at=at,
                parts=(*through(pipeline), "topic"),
                text=f"Customer told of {event.detail_type}",
                order_id=event.order_id,
                is_exact=False,
            )


def through(pipeline: Pipeline) -> tuple[str, ...]:
    """From the bus to the function."""
    return "bus", f"rule-{pipeline.rule}", f"queue-{pipeline.queue}", f"function-{pipeline.function}"


def running(data: Data, name: str) -> Pipeline | None:
    """The pipeline whose function runs a package."""
    return next((each for each in data.pipelines if name and package(each) == name), None)
