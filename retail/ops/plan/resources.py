"""The resources of two templates, and what CloudFormation would do to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from retail.ops.plan import schemas
from retail.ops.plan.changes import ABSENT, Action, Change, Edit
from retail.ops.plan.compare import edits, is_equal
from retail.ops.plan.functions import is_function
from retail.ops.plan.read import Template

ATTRIBUTES = ("Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy")

REFUSED = "CloudFormation refuses another type under the same logical id: give the new one a new id"


def changes(stack: str, before: Template, after: Template) -> list[Change]:
    """What happens to each resource that differs, in the order of the templates."""
    old, new = before.get("Resources", {}), after.get("Resources", {})
    rewritten = changed_conditions(before, after)
    found = []
    for name in [*old, *(name for name in new if name not in old)]:
        one, other = old.get(name, ABSENT), new.get(name, ABSENT)
        if one is ABSENT:
            found.append(Change(stack, name, other["Type"], Action.CREATE, after=other))
        elif other is ABSENT:
            found.append(Change(stack, name, one["Type"], Action.DELETE, before=one))
        elif differing := tuple(_edits(one, other, rewritten)):
            action = max(edit.action for edit in differing)
            note = REFUSED if one["Type"] != other["Type"] else ""
            found.append(Change(stack, name, other["Type"], action, differing, one, other, note))
    return _renamed(found)


def changed_conditions(before: Template, after: Template) -> set[str]:
    """The conditions that both templates have and that are decided otherwise."""
    old, new = before.get("Conditions", {}), after.get("Conditions", {})
    found = {name for name in old.keys() & new.keys() if not is_equal(old[name], new[name])}
    while more := {name for name in new.keys() - found if found & conditions_in(new[name])}:
        found |= more
    return found


def effect(resource_type: str, edit: Edit) -> Action:
    """What an edit of a property does to a resource of the type."""
    rules = schemas.rules(resource_type)
    for action, paths in ((Action.REPLACE, rules.replace), (Action.MAY_REPLACE, rules.may_replace)):
        if any(_touches(edit, path) for path in paths):
            return action
    return Action.UPDATE


def _edits(before: dict[str, Any], after: dict[str, Any], rewritten: set[str]) -> Iterator[Edit]:
    if before["Type"] != after["Type"]:
        yield Edit(("Type",), before["Type"], after["Type"], Action.REPLACE)
        return
    properties = before.get("Properties", {}), after.get("Properties", {})
    for edit in edits(*properties, ("Properties",)):
        yield replace(edit, action=effect(after["Type"], edit))
    for key, value in properties[1].items():
        if decided := sorted(rewritten & conditions_in(value)):
            told = Edit(("Properties", key), value, value, because=f"condition {decided[0]} is another")
            yield replace(told, action=effect(after["Type"], replace(told, after=ABSENT)))
    for key in ATTRIBUTES:
        one, other = before.get(key, ABSENT), after.get(key, ABSENT)
        if not is_equal(one, other):
            yield Edit((key,), one, other, Action.UPDATE if key == "Condition" else Action.RECORD)
    if (condition := after.get("Condition")) in rewritten and before.get("Condition") == condition:
        yield Edit(("Condition",), condition, condition, Action.UPDATE, f"condition {condition} is another")
    yield from edits(before.get("Metadata", {}), after.get("Metadata", {}), ("Metadata",))


def _touches(edit: Edit, path: schemas.Names) -> bool:
    """Whether an edit changes what stands at a path of the schema, or below it."""
    names = edit.names
    if names[: len(path)] == path:
        return True
    if path[: len(names)] != names:
        return False
    deeper = path[len(names) :]
    return not is_equal(_at(edit.before, deeper), _at(edit.after, deeper))


def _at(value: Any, path: schemas.Names) -> Any:
    """What stands at a path below a value; in a list, that of each item. A function may yield anything."""
    if isinstance(value, list):
        return [_at(item, path) for item in value]
    if not path or is_function(value) or not isinstance(value, dict):
        return value
    return _at(value.get(path[0], ABSENT), path[1:])


def conditions_in(tree: Any) -> set[str]:
    """The conditions that a tree asks."""
    match tree:
        case {"Fn::If": [str(name), *branches]}:
            return {name}.union(*map(conditions_in, branches))
        case {"Condition": str(name)} if len(tree) == 1:
            return {name}
        case dict():
            return set().union(*map(conditions_in, tree.values()))
        case list():
            return set().union(*map(conditions_in, tree))
    return set()


def _renamed(found: list[Change]) -> list[Change]:
    """The changes, with a word where what went and what came are alike but for the logical id."""
    gone = {change.logical_id: change for change in found if change.action is Action.DELETE}
    notes: Mapping[str, str] = {}
    for new in (change for change in found if change.action is Action.CREATE):
        for old in gone.values():
            if old.type == new.type and is_equal(old.before.get("Properties"), new.after.get("Properties")):
                why = "another logical id is another resource to CloudFormation"
                notes = {
                    **notes,
                    old.logical_id: f"renamed to {new.logical_id}? {why}",
                    new.logical_id: f"renamed from {old.logical_id}? {why}",
                }
                del gone[old.logical_id]
                break
    return [replace(change, note=change.note or notes.get(change.logical_id, "")) for change in found]
