"""The requests at the edge and the runs of functions, as the page has them: the last ones, and the counts of all."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

from retail.local.functions.service import Functions
from retail.local.platform.deployed import Deployed
from retail.local.platform.start import Edge
from retail.local.processes import HOST
from retail.local.watch.watched import Counts, Request, Run
from retail.ops import stacks

KEPT = 300
FEED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What has been seen by now, the oldest first."""

    requests: Sequence[Request]
    runs: Sequence[Run]
    counts: Counts


class Traffic:
    """Follows the edge's feed and the functions' runs; one thread at a time."""

    def __init__(self, edge: Edge, functions: Functions, deployed: Deployed) -> None:
        self._edge, self._functions, self._deployed = edge, functions, deployed
        self._requests: deque[Request] = deque(maxlen=KEPT)
        self._last_request = 0
        self._counters: dict[str, Any] = {}

    def read(self) -> Seen:
        """What has been by now; when the edge does not answer, nothing has since the last time."""
        try:
            found = self._told(f"/requests?after={self._last_request}")
            self._counters = self._told("/counters")
        except OSError:
            found = {"last": self._last_request, "requests": []}
        self._last_request = found["last"]
        self._requests += [_request(each) for each in found["requests"]]
        names = self._logical_ids()
        counted = self._functions.runs.counts()
        runs = {names.get(function, function): count for function, count in counted.items()}
        return Seen(tuple(self._requests), self._runs(names), _counts(self._counters, runs))

    def _told(self, path: str) -> dict[str, Any]:
        """What the feed says. Raises OSError."""
        with urlopen(f"http://{HOST}:{self._edge.feed}{path}", timeout=FEED_SECONDS) as answer:
            told: dict[str, Any] = json.load(answer)
            return told

    def _logical_ids(self) -> dict[str, str]:
        """Those of the functions by their names."""
        return {
            each.physical_id: logical_id
            for title in (stacks.EVENTS, stacks.ANALYTICS)
            for logical_id, each in self._deployed.resources(title).items()
        }

    def _runs(self, names: dict[str, str]) -> list[Run]:
        last, runs = self._functions.runs.since(0)
        return [
            Run(
                number=number,
                function=names.get(each.function, each.function),
                started=each.started.timestamp(),
                seconds=each.seconds,
                messages=each.messages,
                failed=each.failed,
                is_cold=each.is_cold,
                error=each.error,
                log="\n".join(each.log),
            )
            for number, each in enumerate(runs, last - len(runs) + 1)
        ][-KEPT:]


def _counts(counters: dict[str, Any], runs: dict[str, int]) -> Counts:
    """What the edge tells, if it has ever told anything, and the runs by logical id."""
    if not counters:
        return Counts(runs=runs)
    return Counts(
        requests=counters["requests"],
        refused=counters["refused"],
        blocked=counters["blocked"],
        behaviours=counters["behaviours"],
        runs=runs,
    )


def _request(seen: dict[str, Any]) -> Request:
    return Request(
        number=seen["number"],
        at=seen["at"],
        method=seen["method"],
        path=seen["path"],
        behaviour=seen["behaviour"],
        blocked_by=seen["blocked_by"],
        cache=seen["cache"],
        target=seen["target"],
        status=seen["status"],
        milliseconds=seen["milliseconds"],
        is_direct=seen["entrance"] == "load balancer",
    )
