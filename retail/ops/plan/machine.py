"""A plan as JSON, for programs: names and numbers stay as they are from version to version."""

from __future__ import annotations

import json
from typing import Any

from retail.ops.plan.changes import ABSENT, Edit
from retail.ops.plan.report import Plan
from retail.ops.plan.show import text


def machine(plan: Plan) -> str:
    """The plan as one JSON object."""
    return json.dumps(
        {
            "plan": plan.title,
            "summary": plan.summary,
            "changes": [
                {
                    "stack": change.stack,
                    "logical_id": change.logical_id,
                    "type": change.type,
                    "action": change.action.name.lower(),
                    "edits": [_edit(edit) for edit in change.edits],
                    "note": change.note,
                }
                for change in plan.changes
            ],
            "others": [
                {
                    "stack": other.stack,
                    "section": other.section,
                    "name": other.name,
                    "action": other.action.name.lower(),
                    "before": _value(other.before),
                    "after": _value(other.after),
                    "note": other.note,
                }
                for other in plan.others
            ],
            "guarded": [
                {
                    "stack": finding.stack,
                    "logical_id": finding.logical_id,
                    "change": finding.kind,
                    "message": finding.message,
                    "allowed": finding.leave or None,
                }
                for finding in plan.findings
            ],
            "stale": list(plan.stale),
            "notes": list(plan.notes),
            "monthly": {stack: {"before": old, "after": new} for stack, (old, new) in plan.costs.items()},
        },
        indent=1,
    )


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "path": edit.dotted,
        "before": _value(edit.before),
        "after": _value(edit.after),
        "action": edit.action.name.lower(),
        "because": edit.because,
    }


def _value(value: Any) -> Any:
    """A plain value as it is, a function as templates write it, null for none."""
    if value is ABSENT:
        return None
    return value if isinstance(value, str | int | float | bool) else text(value)
