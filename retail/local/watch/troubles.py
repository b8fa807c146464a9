"""What went wrong last: what the platform tells of, runs and requests that failed, and parts that do not answer."""

from __future__ import annotations

from collections.abc import Iterable

from retail.local.watch.passes import Pass
from retail.local.watch.watched import Snapshot, Trouble

KEPT = 12


class Troubles:
    """The last ones, the newest first."""

    def __init__(self) -> None:
        self._silent: dict[str, Trouble] = {}
        self._failed: list[Trouble] = []

    def add(self, snapshot: Snapshot, news: Iterable[Pass]) -> list[Trouble]:
        """All that is known at a moment; a part that answers again is no trouble any more."""
        silent = snapshot.data.silent
        self._silent = {
            part: self._silent.get(part) or Trouble(snapshot.at, part, f"does not answer: {reason}")
            for part, reason in silent.items()
        }
        for each in news:
            if each.is_bad:
                where, _, text = each.text.partition(": ")
                self._failed.append(Trouble(each.at, where, text))
        self._failed = self._failed[-KEPT:]
        known = [*snapshot.troubles, *self._failed, *self._silent.values()]
        return sorted(known, key=lambda each: each.at, reverse=True)[:KEPT]
