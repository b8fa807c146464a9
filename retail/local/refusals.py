"""What CloudFormation refuses about whole stacks and MiniStack lets pass; the messages are CloudFormation's."""

from __future__ import annotations

from functools import partial
from typing import Any

from retail.local import touchpoints
from retail.local.handlers.api import Refused


def register() -> None:
    """Put the refusals in place, once per process."""
    module, asks = touchpoints.capabilities_switch()
    setattr(module, asks, _always)
    module, resolves = touchpoints.outputs_resolver()
    setattr(module, resolves, partial(_checked, getattr(module, resolves)))


def _always() -> bool:
    """CloudFormation asks for CAPABILITY_NAMED_IAM whether or not policies are enforced."""
    return True


def _checked(resolve: Any, *template: Any) -> tuple[list[dict[str, Any]], dict[str, dict[str, str]]]:
    """Resolve a stack's outputs, its last argument the stack's id, and refuse the exports that it may not have."""
    stack_id = template[-1]
    outputs, exports = resolve(*template)
    for name in exports:
        owner = touchpoints.exports().get(name, {}).get("StackId", stack_id)
        if owner != stack_id:
            raise Refused(f"Export with name {name} is already exported by stack {owner.split('/')[1]}.")
    before = {name: export["Value"] for name, export in touchpoints.exports().items() if export["StackId"] == stack_id}
    for name, value in before.items():
        if exports.get(name, {}).get("Value") != value and (importers := _importers(name, stack_id)):
            verb = "updated" if name in exports else "deleted"
            raise Refused(f"Export {name} cannot be {verb} as it is in use by {' and '.join(importers)}")
    for name in before.keys() - exports.keys():  # MiniStack would keep it until the stack is deleted
        del touchpoints.exports()[name]
    return outputs, exports


def _importers(export: str, exporter_id: str) -> list[str]:
    return [name for name, stack in touchpoints.stacks().items()
            if stack["StackId"] != exporter_id and not stack["StackStatus"].startswith("DELETE")
            and stack["StackStatus"] != "ROLLBACK_COMPLETE" and export in touchpoints.imported_names(stack)]
