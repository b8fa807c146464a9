"""CloudFormation's change sets laid over what was found in the templates: the graver of the two counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from retail.ops.plan.changes import ABSENT, Action, Change, Edit
from retail.ops.plan.deployed import Look

REPLACEMENT = {"True": Action.REPLACE, "Conditional": Action.MAY_REPLACE}
SAYS_SO = "CloudFormation's change set says so"
ACTIONS = {"Add": Action.CREATE, "Import": Action.CREATE, "Remove": Action.DELETE}


def merged(look: Look, own: Iterable[Change]) -> list[Change]:
    """The changes of one stack with those of its change set.

    A resource that is under a false condition before and after is nowhere, whatever is told of it.
    """
    old, new = look.before.get("Resources", {}), look.after["Resources"]
    by_id = {change.logical_id: change for change in own if change.stack == look.stack.label}
    for each in (each for each in look.told if each["LogicalResourceId"] in old.keys() | new.keys()):
        name = each["LogicalResourceId"]
        action = ACTIONS.get(each["Action"]) or REPLACEMENT.get(each.get("Replacement", ""), Action.UPDATE)
        if each.get("Scope") and not {"Properties", "Tags"} & set(each["Scope"]):
            action = Action.RECORD
        found = by_id.get(name)
        if found is None:
            by_id[name] = Change(
                look.stack.label, name, each["ResourceType"], action, tuple(_edits(each, action)),
                old.get(name, ABSENT), new.get(name, ABSENT),
            )  # fmt: skip
        elif action > found.action and found.action not in ACTIONS.values():
            by_id[name] = replace(found, action=action, note=SAYS_SO)
    return list(by_id.values())


def _edits(told: dict[str, Any], action: Action) -> Iterable[Edit]:
    for detail in told.get("Details", []):
        target = detail["Target"]
        recreation = target.get("RequiresRecreation", "Never")
        path = (target["Attribute"], target["Name"]) if target.get("Name") else (target["Attribute"],)
        cause = detail.get("CausingEntity", "")
        yield Edit(
            path,
            target.get("BeforeValue", ABSENT),
            target.get("AfterValue", ABSENT),
            {"Always": action, "Conditionally": Action.MAY_REPLACE}.get(recreation, Action.UPDATE),
            f"{cause} {'changes' if detail.get('Evaluation') == 'Static' else 'may change'}" if cause else SAYS_SO,
        )
