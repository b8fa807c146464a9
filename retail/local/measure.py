"""Measuring two things in turn, and saying how they compare and what bounds them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from retail.local.load import Load
from retail.local.shares import BARE_ROUTE, SHOP, bound, during

SECONDS = 3.0
ROUNDS = 3


@dataclass(frozen=True)
class Measured:
    """A load, and the cores that each part used for it."""

    load: Load
    cores: dict[str, float]


def compared(
    floor: Callable[[], Load], real: Callable[[], Load], before: Callable[[], None] = lambda: None
) -> tuple[Measured, Measured]:
    """The two in turn for some rounds; those of the round with the middle ratio, as whoever else is busy slows some.

    `before` prepares each round of the second, outside of its time.
    """
    rounds = []
    for _ in range(ROUNDS):
        first = Measured(*during(floor))
        before()
        rounds.append((first, Measured(*during(real))))
    return sorted(rounds, key=lambda each: each[1].load.per_second / each[0].load.per_second)[ROUNDS // 2]


def repeated(work: Callable[[], int]) -> Load:
    """Work in this process for some seconds; ``work`` says how many it did."""
    taken, done, began = [], 0, time.perf_counter()
    while (now := time.perf_counter()) - began < SECONDS:
        done += work()
        taken.append(time.perf_counter() - now)
    return Load.of(taken, done, time.perf_counter() - began)


def shown(name: str, floor_name: str, floor: Measured, real: Measured, *more: str) -> str:
    """One line of the report: rate, ratio, whatever more is to be said, how long each took, and what bounds it."""
    rate, floor_rate = real.load.per_second, floor.load.per_second
    said = [f"{rate:,.0f}/s, {rate / floor_rate:.2f} of {floor_name} ({floor_rate:,.0f}/s)", *more]
    times = f"p50 {real.load.p50_ms:.1f} ms, p99 {real.load.p99_ms:.1f} ms"
    return f"{name}: {', '.join(said)}; {times}; {bound(real.cores)}"


def by_server(floor: Measured, real: Measured) -> str:
    """What a request takes of the two servers' own processor time, and the ratio."""
    cost, bare = (1e6 * each.cores[part] / each.load.per_second for each, part in ((real, SHOP), (floor, BARE_ROUTE)))
    return f"{bare / cost:.2f} by the server's own processor time ({cost:.0f} and {bare:.0f} microseconds)"
