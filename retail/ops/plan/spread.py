"""How a replacement spreads: whoever holds the id of what is replaced gets another value, in its stack and beyond."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from retail.ops.plan.changes import ABSENT, Action, Change, Edit
from retail.ops.plan.compare import is_equal
from retail.ops.plan.functions import Path, imported_in, named_in, standing_in
from retail.ops.plan.read import Template
from retail.ops.plan.resources import effect
from retail.ops.plan.show import text


@dataclass(frozen=True, slots=True)
class Moved:
    """An export that an update would change or take away."""

    stack: str
    title: str  # of the output
    name: str
    action: Action  # REPLACE for another value, MAY_REPLACE for perhaps another, DELETE for none
    because: str
    importers: tuple[str, ...] = ()  # the stacks that import it now


@dataclass
class Spread:
    """The changes of all stacks, in the order of their deployment, with what follows from them."""

    changes: list[Change] = field(default_factory=list)
    moved: dict[str, Moved] = field(default_factory=dict)

    def add(self, stack: str, found: Iterable[Change], before: Template, after: Template) -> None:
        """Take in the changes of the next stack: what its own replacements and earlier exports do in it."""
        known = {change.logical_id: change for change in found}
        # What is created or removed has no value yet, or none any more, that could become another.
        standing = {
            name: resource
            for name, resource in after.get("Resources", {}).items()
            if name not in known or known[name].action not in (Action.CREATE, Action.DELETE)
        }
        grown = True
        while grown:
            grown = False
            for name, resource in standing.items():
                change = known.get(name) or Change(
                    stack, name, resource["Type"], Action.RECORD,
                    before=before["Resources"].get(name, ABSENT), after=resource,
                )  # fmt: skip
                if following := _following(change, known, self.moved):
                    known[name] = change.with_edits(*following)
                    grown = True
        self.changes += known.values()
        self.moved |= {each.name: each for each in _moved(stack, known, before, after)}


def _following(change: Change, known: Mapping[str, Change], moved: Mapping[str, Moved]) -> list[Edit]:
    """The edits of a resource that follow from the replacements so far and are not among its own."""
    own = {(edit.path, edit.because) for edit in change.edits}
    touched = {edit.path for edit in change.edits if not edit.because}
    found: dict[tuple[Path, str], Edit] = {}
    for below, function in standing_in(change.after.get("Properties", {})):
        path = ("Properties", *below)
        for cause, gravity in _causes(function, change.logical_id, known, moved):
            if path in touched or (path, cause) in own:
                continue
            told = Edit(path, function, function, because=cause)
            action = min(effect(change.type, replace(told, after=ABSENT)), gravity)
            found[path, cause] = replace(told, action=action)
    return list(found.values())


def _causes(
    function: Any, own: str, known: Mapping[str, Change], moved: Mapping[str, Moved]
) -> list[tuple[str, Action]]:
    """Why a function would yield another value, and whether it surely would."""
    found: list[tuple[str, Action]] = []
    for name in sorted(named_in(function) - {own}):
        if name in known and (gravity := known[name].action) in (Action.REPLACE, Action.MAY_REPLACE):
            found.append((f"{name} {'is' if gravity is Action.REPLACE else 'may be'} replaced", gravity))
    for name in imported_in(function):
        if (export := moved.get(text(name))) and export.action is not Action.DELETE:
            verb = "changes" if export.action is Action.REPLACE else "may change"
            found.append((f"export {export.title} of {export.stack} {verb}", export.action))
    return found


def _moved(stack: str, known: Mapping[str, Change], before: Template, after: Template) -> list[Moved]:
    old, new = before.get("Outputs", {}), after.get("Outputs", {})
    now = {text(each["Export"]["Name"]): each for each in new.values() if "Export" in each}
    found = []
    for title, output in old.items():
        if "Export" not in output:
            continue
        name = text(output["Export"]["Name"])
        if name not in now:
            found.append(Moved(stack, title, name, Action.DELETE, "it is taken away"))
        elif not is_equal(output["Value"], now[name]["Value"]):
            found.append(Moved(stack, title, name, Action.REPLACE, "its value is another"))
        elif causes := _causes(now[name]["Value"], "", known, {}):
            because, action = max(causes, key=lambda cause: cause[1])
            found.append(Moved(stack, title, name, action, because))
    return found
