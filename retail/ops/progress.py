"""How far a deployment is: a live table on a terminal, and plain lines where the output is piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from retail.ops import stacks
from retail.ops.cli import say

TYPICAL = {
    stacks.NETWORKING: "3-5 min",
    stacks.SECURITY: "2-4 min",
    stacks.INGRESS_WAF: "2-10 min",
    stacks.INGRESS: "8-20 min",
    stacks.APPLICATION: "4-8 min",
    stacks.DATA: "12-20 min",
    stacks.EVENTS: "3-6 min",
    stacks.ANALYTICS: "5-10 min",
}
"""How long AWS typically takes to make each stack. Guesses from what NAT gateways (2 minutes), validated certificates
(2 to 10), CloudFront (5 to 10), Aurora (10 to 15) and Redshift (3 to 5) are known to take; not measured."""

SHOWN = 3
"""How many of the resources being made are named at once."""


class Progress:
    """Plain lines: each step as it begins and ends, and what it is at whenever that has changed."""

    def __init__(self) -> None:
        self.label = ""
        self.started = 0.0
        self.resources = ""

    def begin(self, label: str, title: str, *, new: bool) -> None:
        """A stack's deployment has begun; its typical time is told where it is new."""
        self.label, self.started, self.resources = label, time.monotonic(), ""
        say(f"{label} ...{f' (typically {TYPICAL[title]})' if new else ''}")

    def at(self, resources: list[str]) -> None:
        """What CloudFormation is making."""
        now = summary(resources)
        if now and now != self.resources:
            self.resources = now
            say(f"{self.label}: {clock(time.monotonic() - self.started)}, {now}")

    def end(self, outcome: str) -> None:
        """The step has ended well."""
        say(f"{self.label} {outcome} in {time.monotonic() - self.started:.1f} s")


class LiveProgress(Progress):
    """One table of the whole order, redrawn; whatever else is said scrolls by above it."""

    def __init__(self, titles: Iterable[str]) -> None:
        super().__init__()
        numbers = {title: number for number, title in stacks.ORDER}
        self.rows = {title: (f"{numbers[title]} {title}", Text("-", "dim")) for title in titles}
        self.title = ""
        self.spent: dict[str, float] = {}

    def begin(self, label: str, title: str, *, new: bool) -> None:
        """As Progress, in the stack's row."""
        del new  # its typical time stands in the table anyway
        self.label, self.started, self.resources, self.title = label, time.monotonic(), "", title

    def at(self, resources: list[str]) -> None:
        """As Progress, in the stack's row."""
        self.resources = summary(resources)

    def end(self, outcome: str) -> None:
        """As Progress, in the stack's row."""
        self.spent[self.title] = self.spent.get(self.title, 0) + time.monotonic() - self.started
        self.rows[self.title] = (self.rows[self.title][0], Text(outcome, "green"))
        self.title = ""

    def table(self) -> Table:
        """The table as it stands at this moment."""
        table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
        # The narrow ones are as wide as they can get, so that a long list of resources takes nothing from them.
        table.add_column("stack", width=14, no_wrap=True)
        table.add_column("state", width=10, no_wrap=True)
        table.add_column("time", width=6, justify="right", no_wrap=True)
        table.add_column("typical", width=9, justify="right", no_wrap=True)
        table.add_column("being made", ratio=1, overflow="ellipsis", no_wrap=True)
        for title, (label, state) in self.rows.items():
            spent = self.spent.get(title, 0)
            if title == self.title:
                state, spent = Text("at work", "yellow"), spent + time.monotonic() - self.started
            making = self.resources if title == self.title else ""
            table.add_row(label, state, clock(spent) if spent else "", Text(TYPICAL[title], "dim"), making)
        return table


@contextmanager
def showing(titles: Iterable[str]) -> Iterator[Progress]:
    """The progress of a deployment of these stacks, shown until the block ends."""
    if not sys.stdout.isatty():
        yield Progress()
        return
    progress = LiveProgress(titles)
    with Live(get_renderable=progress.table, console=Console(), refresh_per_second=2):
        yield progress


def summary(resources: list[str]) -> str:
    """The first few of them, and how many more."""
    more = len(resources) - SHOWN
    return ", ".join(resources[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def clock(seconds: float) -> str:
    """Minutes and seconds, e.g. ``3:05``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
