"""The bill in a terminal, as plain aligned tables, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from retail.ops.cost import narrative
from retail.ops.cost.bill import Line, totals
from retail.ops.cost.item import FLOOR
from retail.ops.cost.options import Option
from retail.ops.cost.prices import MEMORY
from retail.ops.cost.usage import Usage

WIDTH = 124
LEFT_OUT = (
    "Left out: tax, support plans, the hosted zone of the domain (0.50 a month) and its queries, certificates outside "
    "AWS, traffic between zones, other environments in the account, which share its free tiers."
)


def number(value: float) -> str:
    """A quantity as people write it."""
    return f"{value:,.0f}" if value == round(value) or value >= 1000 else f"{value:,.2f}"


def unit_price(line: Line) -> str:
    """What the unit costs."""
    price = line.price
    each = f"{price.usd:.10f}".rstrip("0")
    whole, _, part = each.partition(".")
    many = {1: "", 1_000_000: " per million"}.get(price.per, f" per {price.per:,}")
    return f"{whole}.{part.ljust(2, '0')}{many}"


def rested_on_memory(lines: list[Line]) -> float:
    """The dollars whose price was read nowhere."""
    return sum(line.dollars for line in lines if line.price.sure == MEMORY)


def as_json(profile: str, region: str, lines: list[Line], names: Mapping[str, Any], choices: list[Option]) -> Any:
    """The same for machines."""
    stacks = totals(lines, names)
    return {
        "region": region,
        "profile": profile,
        "dollars": sum(stacks.values()),
        "stacks": stacks,
        "floor": totals([line for line in lines if line.kind == FLOOR], names),
        "narrative": narrative.TABLE,
        "reasons": narrative.reasons(stacks, lines) if profile == narrative.PROFILE else {},
        "options": [asdict(choice) for choice in choices],
        "lines": [asdict(line) for line in lines],
    }


def show(
    console: Console, profile: str, use: Usage, region: str, lines: list[Line], names: Mapping[str, Any],
    choices: list[Option],
) -> None:  # fmt: skip
    """Print lines, stacks, reasons, options and sources."""
    stacks = totals(lines, names)
    console.print(f"A month in {region}, profile {profile}: {use.what}.\n")
    sources = _sources(lines)
    console.print(_lines(lines, sources))
    console.print(_stacks(stacks, totals([line for line in lines if line.kind == FLOOR], names)))
    if profile == narrative.PROFILE:
        for stack, reason in narrative.reasons(stacks, lines).items():
            console.print(f"{stack}: {reason}")
    else:
        console.print("The narrative's table is for light to moderate traffic: profile moderate tells the differences.")
    console.print()
    console.print(_options(choices))
    console.print(_listed(sources))
    console.print(
        f"{rested_on_memory(lines):.2f} of {sum(stacks.values()):.2f} dollars rest on prices from memory: re-check "
        f"them before publishing. {LEFT_OUT}"
    )


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for title, side in columns:
        table.add_column(title, justify="right" if side == "right" else "left", overflow="fold")
    return table


def _lines(lines: list[Line], sources: dict[tuple[str, str, str], int]) -> Table:
    table = _table(
        ("", "left"), ("what", "left"), ("quantity", "right"), ("of it free", "right"), ("unit", "left"),
        ("unit price", "right"), ("$ a month", "right"), ("", "left"), ("source", "right"),
    )  # fmt: skip
    for line in lines:
        price = line.price
        table.add_row(
            line.stack[:2], price.what, number(line.quantity), number(line.free) if line.free else "", price.unit,
            unit_price(line), f"{line.dollars:,.2f}", line.kind, str(sources[price.date, price.sure, price.source]),
        )  # fmt: skip
    return table


def _stacks(stacks: dict[str, float], floors: dict[str, float]) -> Table:
    table = _table(
        ("stack", "left"), ("floor", "right"), ("scales", "right"), ("$ a month", "right"), ("narrative", "right"),
        ("difference", "right"),
    )  # fmt: skip
    for stack, dollars in stacks.items():
        told = narrative.TABLE.get(stack)
        table.add_row(
            stack, f"{floors[stack]:,.2f}", f"{dollars - floors[stack]:,.2f}", f"{dollars:,.2f}",
            f"{told}" if told else "", f"{narrative.difference(stack, dollars):+.0%}" if told else "",
        )  # fmt: skip
    all_in, floor, told = sum(stacks.values()), sum(floors.values()), sum(narrative.TABLE.values())
    table.add_row(
        "in all", f"{floor:,.2f}", f"{all_in - floor:,.2f}", f"{all_in:,.2f}", f"{told}", f"{all_in / told - 1:+.0%}"
    )
    return table


def _options(choices: list[Option]) -> Table:
    table = _table(
        ("option", "left"), ("parameter, its default", "left"), ("in all with it", "right"), ("without", "right")
    )
    for choice in choices:
        table.add_row(
            choice.name, f"{choice.parameter}={choice.default}", f"{choice.with_it:,.2f}", f"{choice.without:,.2f}"
        )
    return table


def _sources(lines: list[Line]) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for line in lines:
        found.setdefault((line.price.date, line.price.sure, line.price.source), len(found) + 1)
    return found


def _listed(sources: dict[tuple[str, str, str], int]) -> Table:
    table = _table(("", "right"), ("date", "left"), ("sure", "left"), ("source of the price", "left"))
    for (date, sure, source), position in sources.items():
        table.add_row(str(position), date, sure, source)
    return table
