"""Counts over requests and runs, which come as the last few hundred each time."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from retail.local.watch.watched import Request, Run, Snapshot


@dataclass(slots=True)
class Runs:
    """How often a function has run, and its last run."""

    runs: int
    last: Run


class Tally:
    """Adds up each snapshot's new ones; what the feeds dropped while nobody watched is not in it."""

    def __init__(self) -> None:
        self.requests = 0
        self.last_number = 0
        self.last_request: Request | None = None
        self.refused = 0
        """Came to the load balancer directly, and were sent away."""

        self.blocked: Counter[str] = Counter()
        self.behaviours: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.functions: dict[str, Runs] = {}
        self.last_run = 0

    def add(self, snapshot: Snapshot) -> tuple[list[Request], list[Run]]:
        """Count what has not been counted; returns it."""
        requests = [each for each in snapshot.requests if each.number > self.last_number]
        for request in requests:
            self._request(request)
        runs = [each for each in snapshot.runs if each.number > self.last_run]
        for run in runs:
            known = self.functions.get(run.function)
            self.functions[run.function] = Runs(known.runs + 1 if known else 1, run)
            self.last_run = run.number
        return requests, runs

    def _request(self, request: Request) -> None:
        self.last_number = request.number
        if request.is_direct:
            self.refused += not request.target
            return
        self.requests += 1
        self.last_request = request
        if request.blocked_by:
            self.blocked[request.blocked_by.partition("/")[0]] += 1
        if request.behaviour:
            self.behaviours[request.behaviour][request.cache] += 1
