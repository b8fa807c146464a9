"""Small templates, read as the plan reads any, and what it finds between two of them."""

from __future__ import annotations

import json
from typing import Any

from retail.ops.plan import read
from retail.ops.plan.changes import Change
from retail.ops.plan.difference import Difference, difference
from retail.ops.plan.functions import with_defaults
from retail.ops.plan.guards import findings

Resources = dict[str, dict[str, Any]]


def template(resources: Resources, **sections: Any) -> read.Template:
    """A template of these resources, by way of its text."""
    return read.parsed(json.dumps({"Resources": resources, **sections}), "small.yaml")


def resource(kind: str, attributes: dict[str, str] | None = None, **properties: Any) -> dict[str, Any]:
    """One resource, its type without ``AWS::``."""
    return {"Type": f"AWS::{kind}", "Properties": properties, **(attributes or {})}


def between(before: read.Template, after: read.Template) -> Difference:
    """What differs between two versions of the stack `05 data`."""
    return difference({"05 data": with_defaults(before)}, {"05 data": with_defaults(after)})


def change(found: Difference, logical_id: str) -> Change:
    """The one change of a resource."""
    [only] = [each for each in found.changes if each.logical_id == logical_id]
    return only


def actions(found: Difference) -> dict[str, str]:
    """What happens, by logical id."""
    return {each.logical_id: each.action.name for each in found.changes}


def guarded(found: Difference) -> dict[tuple[str, str], str]:
    """The message of each finding by logical id and kind."""
    return {(each.logical_id, each.kind): each.message for each in findings(found)}
