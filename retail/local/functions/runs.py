"""What has run: one entry for each batch that a function was given."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

KEPT = 500


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation."""

    function: str
    started: datetime
    seconds: float
    messages: int
    failed: int  # messages that come back, all of them after an error
    is_cold: bool
    error: str  # errorType: errorMessage, or nothing
    log: Sequence[str]


class Runs:
    """The last runs of all functions, numbered from 1. Threads may share it."""

    def __init__(self) -> None:
        self._kept: deque[Run] = deque(maxlen=KEPT)
        self._number = 0
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, run: Run) -> None:
        with self._lock:
            self._kept.append(run)
            self._number += 1
            self._counts[run.function] += 1

    def since(self, cursor: int) -> tuple[int, list[Run]]:
        """The runs after a cursor, 0 for all that are kept, and the cursor for the next question."""
        with self._lock:
            fresh = min(self._number - cursor, len(self._kept))
            return self._number, list(self._kept)[len(self._kept) - fresh :] if fresh > 0 else []

    def counts(self) -> Counter[str]:
        """How often each function has run, those included that are not kept any more."""
        with self._lock:
            return self._counts.copy()
