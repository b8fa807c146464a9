"""What two templates differ in beside their resources: parameters, conditions, outputs and the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from retail.ops.plan.changes import ABSENT, Action, Other
from retail.ops.plan.compare import is_equal
from retail.ops.plan.functions import Given
from retail.ops.plan.read import Template

SECTIONS = {"Parameters": "parameter", "Mappings": "mapping", "Conditions": "condition", "Rules": "rule"}
KEPT_VALUE = "a stack that is there keeps the value it was given"


def others(stack: str, before: Template, after: Template) -> list[Other]:
    """Every change outside of the resources."""
    return [*_sections(stack, before, after), *_outputs(stack, before, after), *_record(stack, before, after)]


def _sections(stack: str, before: Template, after: Template) -> Iterator[Other]:
    for section, word in SECTIONS.items():
        for name, one, other in _pairs(before, after, section):
            action = _action(one, other)
            if section != "Parameters" or action is not Action.UPDATE:
                yield Other(stack, word, name, action, one, other, _needs_value(word, action, other))
                continue
            for key in [*one, *(key for key in other if key not in one)]:
                if not is_equal(one.get(key, ABSENT), other.get(key, ABSENT)):
                    is_text = key in ("Description", "ConstraintDescription")
                    yield Other(
                        stack, word, f"{name}.{key}", Action.RECORD if is_text else Action.UPDATE,
                        one.get(key, ABSENT), other.get(key, ABSENT), KEPT_VALUE if key == "Default" else "",
                    )  # fmt: skip


def _outputs(stack: str, before: Template, after: Template) -> Iterator[Other]:
    for name, one, other in _pairs(before, after, "Outputs"):
        word = "export" if "Export" in (one if other is ABSENT else other) else "output"
        action = _action(one, other)
        if action is Action.UPDATE:
            meant = [{key: each.get(key) for key in ("Value", "Export", "Condition")} for each in (one, other)]
            if is_equal(*meant):
                yield Other(stack, word, f"{name}.Description", Action.RECORD, one.get("Description", ABSENT),
                            other.get("Description", ABSENT))  # fmt: skip
                continue
        yield Other(stack, word, name, action, _value(one), _value(other))


def _record(stack: str, before: Template, after: Template) -> Iterator[Other]:
    for section in ("Description", "Metadata", "AWSTemplateFormatVersion", "Transform"):
        one, other = before.get(section, ABSENT), after.get(section, ABSENT)
        if before and after and not is_equal(one, other):
            yield Other(stack, section.lower(), "", Action.RECORD, one, other)


def _pairs(before: Template, after: Template, section: str) -> Iterator[tuple[str, Any, Any]]:
    old, new = before.get(section, {}), after.get(section, {})
    for name in [*old, *(name for name in new if name not in old)]:
        if not is_equal(old.get(name, ABSENT), new.get(name, ABSENT)):
            yield name, old.get(name, ABSENT), new.get(name, ABSENT)


def _action(before: Any, after: Any) -> Action:
    return Action.CREATE if before is ABSENT else Action.DELETE if after is ABSENT else Action.UPDATE


def _needs_value(word: str, action: Action, after: Any) -> str:
    is_new = word == "parameter" and action is Action.CREATE
    return (
        "it has no default: each deployment has to pass it"
        if is_new and not {"Default", "Value"} & after.keys()
        else ""
    )


def _value(output: Any) -> Any:
    """What an output hands out, and under which name others import it."""
    if output is ABSENT or isinstance(output, Given):
        return output
    name = output.get("Export", {}).get("Name")
    return {"Value": output["Value"], "Name": name} if name is not None else output["Value"]
