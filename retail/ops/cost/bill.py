"""The bill: a line for each price of each stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from retail.ops.cost import prices, usage
from retail.ops.cost.evaluate import Stack, evaluate
from retail.ops.cost.item import Item, Unpriced
from retail.ops.cost.prices import Price
from retail.ops.cost.rules import FREE, RULES
from retail.ops.cost.usage import Usage
from retail.ops.stacks import SCOPES

REGION = "us-east-1"

DEPLOYED = {
    "CurateScriptKey": "jobs/curate.py",
    "CurateModulesKey": "jobs/modules.zip",
    "OrderProcessorCodeKey": "lambdas/order_processor.zip",
    "InventoryHandlerCodeKey": "lambdas/inventory_handler.zip",
    "NotificationCodeKey": "lambdas/notification.zip",
    "CrawlerTriggerCodeKey": "lambdas/crawler_trigger.zip",
    "OperationsEmail": "operations@example.com",
    "CustomerEmail": "customers@example.com",
}
"""What a deployment gives for these; without code neither the job nor the functions are at work."""


@dataclass(frozen=True, slots=True)
class Line:
    """So much of one price in one stack."""

    stack: str  # the template's name, e.g. 05-data
    price: Price
    kind: str  # floor or scales
    quantity: float
    free: float  # of the quantity
    dollars: float


def bill(
    templates: Mapping[str, Mapping[str, Any]],
    use: Usage,
    region: str = REGION,
    given: Mapping[str, str] | None = None,
) -> list[Line]:
    """The lines of all templates, in their order. Raises InputError for what has no price.

    What AWS gives an account free of charge each month is taken off the first lines that it covers, once.
    """
    costs = prices.read(region)
    left = {key: price.free for key, price in costs.items()}
    lines: list[Line] = []
    exports: dict[str, Any] = {}
    for name, template in sorted(templates.items()):
        added: dict[tuple[str, str], float] = {}
        for stack in _stacks(name, template, dict(given or {}), exports):
            for item in items(stack, use):
                key = (item.price, item.kind)
                added[key] = added.get(key, 0) + item.quantity
        for (price, kind), quantity in added.items():
            if quantity:
                free = min(quantity, left[price])
                left[price] -= free
                lines.append(Line(name, costs[price], kind, quantity, free, costs[price].dollars(quantity - free)))
    return lines


def _stacks(name: str, template: Mapping[str, Any], given: dict[str, str], exports: dict[str, Any]) -> Iterator[Stack]:
    scopes: tuple[dict[str, str], ...] = ({},)
    if "Scope" in template.get("Parameters", {}):  # of 03, which is deployed once in each
        scopes = tuple({"Scope": scope} for scope in SCOPES.values())
    for scope in scopes:
        yield evaluate(name, template, DEPLOYED | given | scope, exports)


def items(stack: Stack, use: Usage) -> Iterator[Item]:
    """What a stack's resources are billed for. Raises Unpriced for a type without rule or reason."""
    for resource in stack.resources.values():
        if resource.type in RULES:
            yield from RULES[resource.type](resource, stack, use)
        elif resource.type not in FREE:
            raise Unpriced(stack, resource, f"{resource.type} has neither a price nor a reason to be free")


def totals(lines: list[Line], names: Mapping[str, Any]) -> dict[str, float]:
    """Dollars by template."""
    return {name: sum(line.dollars for line in lines if line.stack == name) for name in sorted(names)}


def monthly(
    templates: Mapping[str, Mapping[str, Any]],
    profile: str = "moderate",
    *,
    region: str = REGION,
    given: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Dollars a month by template; see the package."""
    return totals(bill(templates, usage.profile(profile), region, given), templates)
