"""Whose processor time a piece of work takes: the cores that each process on this machine kept busy meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")

TICK = 1 / os.sysconf("SC_CLK_TCK")
SELF, OTHERS, SHOP, BARE_ROUTE = "this process", "others", "shop", "bare route"
FULL = 0.9
"""From what share on a core counts as full: the kernel needs the rest."""

DISTURBED = 0.25
"""From what share of the machine on a figure is somebody else's."""

PARTS = {
    "retail.storefront.app": SHOP,
    "uvicorn.run": BARE_ROUTE,
    "retail.local.emulator": "emulator",
    "valkey": "cache",
    "retail.local.tls": "cache",
    "postgres": "database",
}
"""What a child of this process is called, by a word of its command."""


class Process(NamedTuple):
    """A process as the kernel counts it; seconds of user and system time."""

    parent: int
    seconds: float


def during(work: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """What the work returns, and the cores that each part used, the busiest first; Linux only."""
    before, busy, began = _parts(), _busy(), time.perf_counter()
    done = work()
    elapsed = time.perf_counter() - began
    cores = {name: (seconds - before.get(name, 0.0)) / elapsed for name, seconds in _parts().items()}
    cores[OTHERS] = max(0.0, (_busy() - busy) / elapsed - sum(cores.values()))
    return done, dict(sorted(cores.items(), key=lambda each: -each[1]))


def bound(cores: dict[str, float]) -> str:
    """What keeps the work from being faster, with the shares that show it."""
    shares = ", ".join(f"{name} {share:.2f}" for name, share in cores.items() if share >= 0.05)
    machine = os.cpu_count() or 1
    if cores.get(OTHERS, 0.0) >= machine * DISTURBED:
        return f"disturbed by whoever else is busy on this machine (cores: {shares})"
    full = [name for name, share in cores.items() if share >= FULL]
    if full:
        said = f"one core, which is full: {full[0]}"
    elif sum(cores.values()) >= FULL * machine:
        said = f"the {machine} cores of this machine together"
    else:
        said = "waiting for one another, as no core is full"
    return f"bound by {said} (cores: {shares})"


def _parts() -> dict[str, float]:
    processes = _processes()
    seconds = {SELF: processes[os.getpid()].seconds}
    for pid, process in processes.items():
        name = _name(pid, processes)
        if name:
            seconds[name] = seconds.get(name, 0.0) + process.seconds
    return seconds


def _name(pid: int, processes: dict[int, Process]) -> str | None:
    """The part that a process belongs to, by the child of this process that it descends from."""
    while pid in processes and processes[pid].parent != os.getpid():
        pid = processes[pid].parent
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return None
    return next((name for word, name in PARTS.items() if word in command), None) if pid in processes else None


def _processes() -> dict[int, Process]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # The name in brackets may hold anything, even brackets.
                words = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            found[int(folder.name)] = Process(int(words[1]), (int(words[11]) + int(words[12])) * TICK)
    return found


def _busy() -> float:
    """The seconds that all cores were busy since the machine started."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq) * TICK
