"""What is new among requests and runs, which come as the last few hundred each time, and the last of each."""

from __future__ import annotations

from retail.local.watch.watched import Request, Run, Snapshot


class Latest:
    """Tells what earlier snapshots did not have."""

    def __init__(self) -> None:
        self.request: Request | None = None
        """The last one to the distribution."""

        self.runs: dict[str, Run] = {}
        """The last one of each function."""

        self._last_request = 0
        self._last_run = 0

    def add(self, snapshot: Snapshot) -> tuple[list[Request], list[Run]]:
        """The requests and runs that are new."""
        requests = [each for each in snapshot.requests if each.number > self._last_request]
        for request in requests:
            self._last_request = request.number
            if not request.is_direct:
                self.request = request
        runs = [each for each in snapshot.runs if each.number > self._last_run]
        for run in runs:
            self._last_run = run.number
            self.runs[run.function] = run
        return requests, runs
