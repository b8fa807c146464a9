"""Two sets of templates, stack by stack in the order of their deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from retail.ops.plan.changes import Action, Change, Other
from retail.ops.plan.functions import imported_in
from retail.ops.plan.others import others
from retail.ops.plan.read import Template
from retail.ops.plan.resources import changes
from retail.ops.plan.show import text
from retail.ops.plan.spread import Moved, Spread

NEW = "a new stack"
NOT_DELETED = "no deployment deletes the stack of a template that is gone; make destroy does, while the file is there"


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs, and the exports that move."""

    changes: tuple[Change, ...]
    others: tuple[Other, ...]
    moved: tuple[Moved, ...]


def difference(before: Mapping[str, Template], after: Mapping[str, Template]) -> Difference:
    """Compare templates by name; names sort as the stacks are deployed, e.g. ``05 data``."""
    spread, beside = Spread(), []
    for name in sorted({*before, *after}):
        old, new = before.get(name, {}), after.get(name, {})
        beside += others(name, old, new) if old and new else [_whole(name, before, after)]
        spread.add(name, changes(name, old, new), old, new)
    importers = _importers(before)
    moved = (replace(each, importers=importers.get(each.name, ())) for each in spread.moved.values())
    return Difference(tuple(spread.changes), tuple(beside), tuple(moved))


def _importers(templates: Mapping[str, Template]) -> dict[str, tuple[str, ...]]:
    """By export, the stacks that import it."""
    found: dict[str, tuple[str, ...]] = {}
    for stack, template in templates.items():
        for name in {text(each) for each in imported_in(dict(template))}:
            found[name] = (*found.get(name, ()), stack)
    return found


def _whole(name: str, before: Mapping[str, Template], after: Mapping[str, Template]) -> Other:
    """A template that came or went; one that went and came back alike was renamed."""
    here, there = (after, before) if name in after else (before, after)
    alike = next((other for other in there if other not in here and _ids(there[other]) == _ids(here[name])), None)
    came = name in after
    word = f"renamed {'from' if came else 'to'} {alike}? " if alike else ""
    return Other(
        name, "template", "", Action.CREATE if came else Action.DELETE, note=word + (NEW if came else NOT_DELETED)
    )


def _ids(template: Template) -> dict[str, str]:
    return {name: resource["Type"] for name, resource in template["Resources"].items()}
