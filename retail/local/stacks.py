"""What CloudFormation does with whole stacks and MiniStack does otherwise; the messages are CloudFormation's.

Refused: an IAM resource without its capability, an export name that another stack has, a change or loss of an
export in use. Allowed: a change set by the name of one that is spent.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from retail.local import touchpoints
from retail.local.handlers.api import Refused


def register() -> None:
    """Put these in place, once per process."""
    module, asks = touchpoints.capabilities_switch()
    setattr(module, asks, _always)
    actions = touchpoints.actions()
    actions["CreateChangeSet"] = partial(_create_change_set, actions["CreateChangeSet"])
    module, finds = touchpoints.imports_finder()
    imports = partial(_imports, getattr(module, finds))
    setattr(module, finds, imports)
    module, resolves = touchpoints.outputs_resolver()
    setattr(module, resolves, partial(_checked, getattr(module, resolves), imports))


def _always() -> bool:
    """CloudFormation asks for CAPABILITY_NAMED_IAM whether or not policies are enforced."""
    return True


def _create_change_set(create: Any, request: dict[str, list[str]]) -> Any:
    """The AWS CLI names its change sets by the second, and MiniStack is done with one within it."""
    stack, name = (request.get(key, [""])[0] for key in ("StackName", "ChangeSetName"))
    change_sets = touchpoints.change_sets()
    for spent in [
        key
        for key, each in change_sets.items()
        if each["ExecutionStatus"] != "AVAILABLE" and (each["StackName"], each["ChangeSetName"]) == (stack, name)
    ]:
        del change_sets[spent]
    return create(request)


def _imports(find: Any, stack: dict[str, Any], name: str) -> set[str]:
    """The exports that a stack really imports: those under a condition that is false do not count."""
    template = stack["_template"]
    conditions = stack["_conditions"]
    present = {
        section: {
            key: each for key, each in template.get(section, {}).items() if conditions.get(each.get("Condition"), True)
        }
        for section in ("Resources", "Outputs")
    }
    return find(stack | {"_template": template | _chosen(present, conditions)}, name)


def _chosen(node: Any, conditions: dict[str, bool]) -> Any:
    """The node with each Fn::If replaced by the branch that counts."""
    match node:
        case {"Fn::If": [condition, true, false]}:
            return _chosen(true if conditions[condition] else false, conditions)
        case dict():
            return {key: _chosen(value, conditions) for key, value in node.items()}
        case list():
            return [_chosen(value, conditions) for value in node]
    return node


def _checked(resolve: Any, imports: Any, *template: Any) -> tuple[list[dict[str, Any]], dict[str, dict[str, str]]]:
    """Resolve a stack's outputs, its last argument the stack's id, and refuse the exports that it may not have."""
    stack_id = template[-1]
    outputs, exports = resolve(*template)
    for name in exports:
        owner = touchpoints.exports().get(name, {}).get("StackId", stack_id)
        if owner != stack_id:
            raise Refused(f"Export with name {name} is already exported by stack {owner.split('/')[1]}.")
    before = {name: export["Value"] for name, export in touchpoints.exports().items() if export["StackId"] == stack_id}
    for name, value in before.items():
        if exports.get(name, {}).get("Value") == value:
            continue
        if importers := [
            other
            for other, stack in touchpoints.stacks().items()
            if _stands(stack) and stack["StackId"] != stack_id and name in imports(stack, other)
        ]:
            verb = "updated" if name in exports else "deleted"
            raise Refused(f"Export {name} cannot be {verb} as it is in use by {' and '.join(importers)}")
    for name in before.keys() - exports.keys():  # MiniStack would keep it until the stack is deleted
        del touchpoints.exports()[name]
    return outputs, exports


def _stands(stack: dict[str, Any]) -> bool:
    return stack["StackStatus"] not in ("DELETE_COMPLETE", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")
