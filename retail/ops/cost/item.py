"""What a rule answers with: so much of something that has a price."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from retail.ops.cli import InputError
from retail.ops.cost.evaluate import Resource, Stack
from retail.ops.cost.usage import Usage

HOURS = 730
"""Of a month, as AWS reckons."""

DAYS = HOURS / 24

FLOOR = "floor"
"""Paid whether or not anybody comes."""

SCALES = "scales"
"""Paid by use."""


@dataclass(frozen=True, slots=True)
class Item:
    """So many units of a price."""

    price: str  # its key in the price file
    quantity: float
    kind: str


Rule = Callable[[Resource, Stack, Usage], Iterator[Item]]


class Unpriced(InputError):
    """Something in a template that no rule can price; the message names it and the mend."""

    def __init__(self, stack: Stack, resource: Resource, what: str) -> None:
        super().__init__(f"{stack.name}, {resource.title}: {what}; write a rule in retail/ops/cost/rules")


def floor(price: str, quantity: float) -> Item:
    """Paid in any case."""
    return Item(price, quantity, FLOOR)


def scales(price: str, quantity: float) -> Item:
    """Paid by use."""
    return Item(price, quantity, SCALES)


def above(price: str, least: float, average: float, factor: float) -> Iterator[Item]:
    """What never falls below `least`: that as a floor, and what the average adds to it as use."""
    yield floor(price, least * factor)
    if average > least:
        yield scales(price, (average - least) * factor)


def share(whole: float, resource: Resource, stack: Stack) -> float:
    """The part of a platform's use that falls to one of several resources of a type."""
    return whole / len(stack.of(resource.type))


def within(least: Any, value: float, most: Any) -> float:
    """A value within the bounds that the template sets."""
    return min(max(float(least), value), float(most))
