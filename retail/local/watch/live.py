"""What the page is sent: a frame about once a second, for as long as somebody watches."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from retail.local.watch import counts, passes
from retail.local.watch.faces import faces
from retail.local.watch.facts import Order
from retail.local.watch.latest import Latest
from retail.local.watch.passes import Pass
from retail.local.watch.picture import picture
from retail.local.watch.troubles import Troubles
from retail.local.watch.watched import Snapshot, Watched

SECONDS = 0.7
BEHIND = 8
"""How many frames a slow reader may be behind before it loses the oldest."""

LATE_SECONDS = 60.0
"""What has happened longer ago than this before the last look is history, not news."""

Frame = dict[str, Any]


class Live:
    """Looks at the platform while there are watchers, once for all of them."""

    def __init__(self, platform: Watched) -> None:
        self._platform = platform
        self._watchers: set[asyncio.Queue[Frame]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._latest, self._troubles = Latest(), Troubles()
        self._before: Snapshot | None = None
        self._seen: dict[str, float] = {}

    async def frames(self) -> AsyncIterator[Frame]:
        """The frames from now on."""
        queue: asyncio.Queue[Frame] = asyncio.Queue(BEHIND)
        self._watchers.add(queue)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            while True:
                yield await queue.get()
        finally:
            self._watchers.discard(queue)
            if not self._watchers and self._looking:
                self._looking.cancel()
                # What happens unwatched is history to whoever comes next, and is not shown as if it were now.
                self._looking, self._before = None, None

    async def latest(self) -> Snapshot:
        """The last look if somebody watches, or else one for this question alone."""
        if self._before:
            return self._before
        return await asyncio.to_thread(self._platform.snapshot)

    async def _look(self) -> None:
        while True:
            started = time.monotonic()
            try:
                snapshot = await asyncio.to_thread(self._platform.snapshot)
                frame = self._frame(snapshot)
            except Exception as error:  # the page must outlive whatever the platform's parts raise
                frame = {"failed": f"{type(error).__name__}: {error}"}
            for queue in self._watchers:
                if queue.full():
                    with suppress(asyncio.QueueEmpty):
                        queue.get_nowait()
                queue.put_nowait(frame)
            await asyncio.sleep(max(0.1, SECONDS - (time.monotonic() - started)))

    def _frame(self, snapshot: Snapshot) -> Frame:
        ways = passes.of_orders(snapshot)
        news = self._news(snapshot, ways)
        data = snapshot.data
        return {
            "at": snapshot.at,
            "picture": fingerprint(snapshot),
            "faces": {part: asdict(face) for part, face in faces(snapshot, self._latest).items()},
            "passes": [asdict(each) for each in news],
            "orders": [_order(order, ways[order.order_id]) for order in (data.shop.orders if data.shop else ())],
            "processes": [asdict(each) for each in snapshot.processes],
            "troubles": [asdict(each) for each in self._troubles.add(snapshot, news)],
            "totals": {
                "requests": snapshot.counts.requests,
                "orders": sum(data.shop.orders_by_status.values()) if data.shop else None,
                "waiting": sum(data.depths[each.queue].waiting for each in data.pipelines if each.queue in data.depths),
                "dead": sum(
                    data.depths[each.dead_letters].waiting
                    for each in data.pipelines
                    if each.dead_letters in data.depths
                ),
            },
            "job": snapshot.job.state if snapshot.job else "",
        }

    def _news(self, snapshot: Snapshot, ways: dict[str, list[Pass]]) -> list[Pass]:
        """What has passed since the last look, in the order of time; nothing at the first."""
        requests, runs = self._latest.add(snapshot)
        of_orders = [each for way in ways.values() for each in way]
        told = {each.id for each in of_orders}
        others = [passes.of_request(each, snapshot.data.behaviours) for each in requests]
        others += [each for each in (passes.of_run(run, snapshot.data.pipelines) for run in runs) if each]
        if self._before:
            others += counts.grown(self._before.data, snapshot.data, snapshot.at)
        found = [*of_orders, *(each for each in others if each.id not in told)]
        since = self._before.at - LATE_SECONDS if self._before else snapshot.at
        news = [each for each in found if each.id not in self._seen and each.at > since] if self._before else []
        kept = self._seen | {each.id: each.at for each in found}
        self._seen = {name: at for name, at in kept.items() if at > snapshot.at - 2 * LATE_SECONDS}
        self._before = snapshot
        return sorted(news, key=lambda each: each.at)


def fingerprint(snapshot: Snapshot) -> str:
    """Changes when the picture does, so that an open page knows that it is of yesterday."""
    drawn = json.dumps(asdict(picture(snapshot.data)), sort_keys=True)
    return sha256(drawn.encode()).hexdigest()[:16]


def _order(order: Order, way: Sequence[Pass]) -> dict[str, Any]:
    """An order and its way; `clicked` is when its request came to the edge, or failing that when it was written."""
    return {
        "id": order.order_id,
        "status": order.status,
        "total": f"{order.total_cents / 100:,.2f} {order.currency}",
        "clicked": way[0].at if way else None,
        "way": [asdict(each) for each in way],
    }
