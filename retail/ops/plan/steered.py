"""Guarded changes that only a condition brings: the resource says the same, and gets another value by Fn::If."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from retail.ops.plan.changes import Finding
from retail.ops.plan.difference import difference
from retail.ops.plan.functions import ALWAYS_GIVEN, defaults, named_in, text, with_defaults
from retail.ops.plan.guards import findings
from retail.ops.plan.read import Template
from retail.ops.plan.resources import changed_conditions, conditions_in
from retail.ops.plan.settle import settled
from retail.ops.plan.watched import WATCHED

GIVEN = "<given>"
"""Stands for any value that a parameter may be given."""


def steered(before: Mapping[str, Template], after: Mapping[str, Template]) -> list[Finding]:
    """What the changed conditions do to watched properties, by stack; one finding for each resource and kind."""
    told: dict[tuple[str, str, str], Finding] = {}
    for stack in sorted(before.keys() & after.keys()):
        old, new = before[stack], after[stack]
        for values in _ways(old, new):
            sides = ({stack: settled(each, _usual(each) | values)} for each in (old, new))
            where = f". So where {' and '.join(f'{name} is {value}' for name, value in values.items())}"
            for each in findings(difference(*sides)):
                if each.kind in {watched.kind for watched in WATCHED}:
                    finding = replace(each, message=each.message + where) if values else each
                    told.setdefault((stack, each.logical_id, each.kind), finding)
    return list(told.values())


def _ways(before: Template, after: Template) -> Iterator[dict[str, str]]:
    """The values under which to compare: of each parameter that a changed condition rests on its default, and others.

    None where no condition has changed. Without an entry, each side has its own default.
    """
    changed = changed_conditions(with_defaults(before), with_defaults(after))
    if not changed:
        return
    rests_on = set().union(*(_parameters(name, side) for name in changed for side in (before, after)))
    choices = [[None, *_values(name, before, after)] for name in sorted(rests_on)]
    for chosen in product(*choices):
        yield {name: value for name, value in zip(sorted(rests_on), chosen, strict=True) if value is not None}


def _parameters(condition: str, template: Template) -> set[str]:
    """What a condition, and those that it asks, depend on."""
    tree = template["Conditions"].get(condition)
    asked = (_parameters(name, template) for name in conditions_in(tree))
    return (named_in(tree) & template.get("Parameters", {}).keys()).union(*asked)


def _values(parameter: str, before: Template, after: Template) -> list[str]:
    """The values that a parameter may have, or the one that stands for any."""
    declared = [side["Parameters"].get(parameter, {}).get("AllowedValues", []) for side in (before, after)]
    return list(dict.fromkeys(text(value) for values in declared for value in values)) or [GIVEN]


def _usual(template: Template) -> dict[str, str]:
    return {name: value for name, value in defaults(template).items() if name not in ALWAYS_GIVEN}
