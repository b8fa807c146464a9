"""What is told of two templates: the changes of resources, with their edits, and of everything else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from retail.ops.plan.functions import Path, Place

ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "absent"})()
"""What stands where a value is not there; None is a value."""


def is_place(part: Place) -> bool:
    """Whether a part of a path is the place of an item in a list: its number, or its key in brackets."""
    return isinstance(part, int) or part.startswith("[")


class Action(IntEnum):
    """What happens to a resource, the graver the higher."""

    RECORD = 0  # CloudFormation notes it, the resource is not touched
    UPDATE = 1
    MAY_REPLACE = 2
    REPLACE = 3
    CREATE = 4
    DELETE = 5


@dataclass(frozen=True, slots=True)
class Edit:
    """One changed value of a resource."""

    path: Path  # e.g. ("Properties", "KeySchema", 0, "AttributeName"); ("DeletionPolicy",)
    before: Any
    after: Any
    action: Action = Action.RECORD
    because: str = ""  # what replaces the value although the template's text is the same

    @property
    def names(self) -> tuple[str, ...]:
        """The path below Properties without the places in lists; empty for an attribute such as DeletionPolicy."""
        below = self.path[1:] if self.path[0] == "Properties" else ()
        return tuple(str(part) for part in below if not is_place(part))

    @property
    def dotted(self) -> str:
        """The path as people write it, e.g. ``KeySchema[0].AttributeName``."""
        words = ""
        for part in self.path[1:] if self.path[0] == "Properties" else self.path:
            words += f"[{part}]" if isinstance(part, int) else part if is_place(part) else f".{part}"
        return words.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource."""

    stack: str  # e.g. "05 data"
    logical_id: str
    type: str
    action: Action
    edits: tuple[Edit, ...] = ()
    before: Any = ABSENT
    after: Any = ABSENT
    note: str = ""

    def with_edits(self, *more: Edit) -> Change:
        """The same with further edits, and as grave as the gravest."""
        edits = (*self.edits, *more)
        return replace(self, edits=edits, action=max(self.action, *(edit.action for edit in edits)))


@dataclass(frozen=True, slots=True)
class Other:
    """A change beside the resources: a parameter, condition, output, export or whole template."""

    stack: str
    section: str
    name: str
    action: Action  # CREATE, UPDATE, DELETE or RECORD
    before: Any = ABSENT
    after: Any = ABSENT
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A change that needs leave, and why."""

    stack: str
    logical_id: str
    kind: str
    message: str
    leave: str = ""  # the reason of the entry that allows it
