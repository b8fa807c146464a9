"""How a type of the pack is written, and how it becomes one of MiniStack's handlers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from retail.local import touchpoints

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]  # what Ref returns, and what GetAtt returns by attribute


@dataclass(frozen=True, slots=True)
class Place:
    """Where a resource stands: the source of its generated name."""

    stack: str
    logical_id: str

    def name(self, longest: int = 128) -> str:
        return touchpoints.physical_name(self.stack, self.logical_id, longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A type that MiniStack has not, or that it keeps too little of.

    `replaced_by` are the schema's createOnlyProperties: when one changes, MiniStack creates the successor and
    deletes the predecessor after the update, and `update` is not called.
    """

    create: Callable[[Properties, Place], Created]
    update: Callable[[str, Properties, Properties], Created]
    delete: Callable[[str, Properties], object]
    replaced_by: tuple[str, ...] = ()

    def install(self, resource_type: str) -> None:
        touchpoints.replacing_properties()[resource_type] = self.replaced_by
        own = touchpoints.handlers().get(resource_type, {})
        touchpoints.handlers()[resource_type] = only(own, "snapshot") | {
            "create": lambda logical_id, properties, stack: self.create(properties, Place(stack, logical_id)),
            "update": lambda ref, old, new, stack: self.update(ref, old, new),
            "delete": self.delete,
        }


def _unchanged(properties: Properties) -> Properties:
    return properties


def _nothing(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    return {}


def _no_objection(ref: str, properties: Properties) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """What a type of MiniStack's own needs besides.

    `prepare` gives it properties in the form it expects and raises Refused for those that AWS would not take;
    `finish` applies, after each create (old is then empty) and update, what it dropped, and returns the GetAtt
    values that it lacks; `before_delete` raises Refused where AWS would not delete.
    """

    prepare: Callable[[Properties], Properties] = _unchanged
    finish: Callable[[str, Properties, Properties], dict[str, Any]] = _nothing
    before_delete: Callable[[str, Properties], None] = _no_objection

    def install(self, resource_type: str) -> None:
        own = dict(touchpoints.handlers()[resource_type])
        mended = dict(own)

        def create(logical_id: str, properties: Properties, stack: str) -> Created:
            ref, attributes = own["create"](logical_id, self.prepare(copy.deepcopy(properties)), stack)
            try:
                return ref, attributes | self.finish(ref, {}, properties)
            except Exception:
                own["delete"](ref, properties)  # the engine knows of no resource to roll back
                raise

        def update(ref: str, old: Properties, new: Properties, *place: str) -> Created:
            before, after = self.prepare(copy.deepcopy(old)), self.prepare(copy.deepcopy(new))
            kept, attributes = own["update"](ref, before, after, *place)
            try:
                return kept, attributes | self.finish(kept, old if kept == ref else {}, new)
            except Exception:
                if kept == ref:  # the engine takes a failed update for one that has changed nothing
                    own["update"](ref, after, before, *place)
                    self.finish(ref, new, old)
                raise

        def delete(ref: str, properties: Properties, *place: str) -> None:
            self.before_delete(ref, properties)
            own["delete"](ref, properties, *place)

        mended["create"] = create
        mended["delete"] = delete
        if "update" in own:
            mended["update"] = update
        touchpoints.handlers()[resource_type] = mended


def only(properties: Properties, *names: str) -> Properties:
    """The named properties, as far as they are set."""
    return {name: properties[name] for name in names if name in properties}


def without(properties: Properties, *names: str) -> Properties:
    return {name: value for name, value in properties.items() if name not in names}


def changed(old: Properties, new: Properties, *names: str) -> bool:
    return any(old.get(name) != new.get(name) for name in names)
