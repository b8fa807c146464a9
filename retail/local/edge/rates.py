"""Counting requests by client address over a window that moves along."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

FORGET_EVERY_SECONDS = 60


@dataclass(slots=True)
class _Count:
    total: int = 0
    by_second: deque[list[int]] = field(default_factory=deque)  # [second, requests]


class Rate:
    """How many requests each address has sent within the window."""

    def __init__(self, window_seconds: int) -> None:
        self._window_seconds = window_seconds
        self._counts: dict[str, _Count] = {}
        self._forgotten = 0

    def counted(self, address: str, now: float) -> int:
        """Count a request, at a time in seconds; returns the address's requests within the window, this one too."""
        second = int(now)
        self._forget_idle(second)
        count = self._counts.setdefault(address, _Count())
        if not count.by_second or count.by_second[-1][0] != second:
            count.by_second.append([second, 0])
        count.by_second[-1][1] += 1
        count.total += 1
        while count.by_second[0][0] <= second - self._window_seconds:
            count.total -= count.by_second.popleft()[1]
        return count.total

    def _forget_idle(self, second: int) -> None:
        if second - self._forgotten < FORGET_EVERY_SECONDS:
            return
        self._forgotten = second
        oldest = second - self._window_seconds
        self._counts = {address: count for address, count in self._counts.items() if count.by_second[-1][0] > oldest}
