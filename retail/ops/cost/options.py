"""What the parts cost that a parameter switches on or off, or replaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retail.ops.cost.bill import bill
from retail.ops.cost.usage import Usage

OPTIONS = {
    "Global Accelerator": ("EnableGlobalAccelerator", "true", "false"),
    "interface endpoints": ("EnableInterfaceEndpoints", "true", "false"),
    "Redis OSS instead of Valkey": ("CacheEngine", "redis", "valkey"),
}
"""By name: the parameter, its value with the part and its value without."""


@dataclass(frozen=True, slots=True)
class Option:
    """The platform's total with a part and without it."""

    name: str
    parameter: str
    default: str
    with_it: float
    without: float


def options(
    templates: Mapping[str, Mapping[str, Any]], use: Usage, region: str, given: Mapping[str, str]
) -> list[Option]:
    """The options that the templates have."""
    found = []
    for name, (parameter, on, off) in OPTIONS.items():
        declared = [each["Parameters"][parameter] for each in templates.values() if parameter in each["Parameters"]]
        if declared:
            total = {
                value: sum(line.dollars for line in bill(templates, use, region, {**given, parameter: value}))
                for value in (on, off)
            }
            found.append(Option(name, parameter, str(declared[0]["Default"]), total[on], total[off]))
    return found
