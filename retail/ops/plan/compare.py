"""Two values structure by structure, down to what really differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from retail.ops.plan.changes import ABSENT, Edit
from retail.ops.plan.functions import Given, Path, is_function, text

IDENTITIES = ("Key", "Id", "Sid", "Name", "AttributeName", "IndexName", "PolicyName", "ParameterKey", "RuleName")
"""Keys by one of which the items of a list are known, wherever they stand in it."""


def edits(before: Any, after: Any, path: Path) -> Iterator[Edit]:
    """What differs between two values."""
    match before, after:
        case {"Fn::If": [old, *befores]}, {"Fn::If": [new, *afters]} if old == new:
            for one, other in zip(befores, afters, strict=True):
                yield from edits(one, other, path)
        case dict(), dict() if not (is_function(before) or is_function(after)):
            for key in [*before, *(key for key in after if key not in before)]:
                yield from edits(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
        case list(), list():
            for place, one, other in _aligned(before, after):
                yield from edits(one, other, (*path, place))
        case _ if not is_equal(before, after):
            yield Edit(path, before, after)


def leaves(edit: Edit) -> Iterator[Edit]:
    """An edit by its single values: what came or went as a whole is taken to pieces."""
    before, after = edit.before, edit.after
    for kind in (dict, list):
        if before is ABSENT and isinstance(after, kind) and not is_function(after):
            before = kind()
        if after is ABSENT and isinstance(before, kind) and not is_function(before):
            after = kind()
    if before is edit.before and after is edit.after:
        yield edit
        return
    for found in edits(before, after, edit.path):
        yield from leaves(replace(edit, path=found.path, before=found.before, after=found.after))


def is_equal(before: Any, after: Any) -> bool:
    """Whether CloudFormation hands on the same: 443 and '443' are, and true and 'true'."""
    match before, after:
        case (Given(), _) | (_, Given()):
            return before == after
        case dict(), dict():
            return before.keys() == after.keys() and all(is_equal(before[key], after[key]) for key in before)
        case list(), list():
            return len(before) == len(after) and all(map(is_equal, before, after))
        case (int() | float()) as one, (int() | float()) as other:
            return one == other and isinstance(one, bool) == isinstance(other, bool)
        case ((str() | int() | float()), (str() | int() | float())):
            return text(before) == text(after)
    return before == after


def _aligned(before: list[Any], after: list[Any]) -> Iterator[tuple[str | int, Any, Any]]:
    """The items of two lists in pairs, each with its place."""
    for key in IDENTITIES:
        if (old := _by(key, before)) is not None and (new := _by(key, after)) is not None and (old or new):
            for name in [*old, *(name for name in new if name not in old)]:
                yield f"[{name}]", old.get(name, ABSENT), new.get(name, ABSENT)
            return
    if len(before) == len(after):
        yield from ((index, one, other) for index, (one, other) in enumerate(zip(before, after, strict=True)))
        return
    for tag, start, end, first, last in SequenceMatcher(a=[*map(repr, before)], b=[*map(repr, after)]).get_opcodes():
        if tag != "equal":
            yield from ((index, before[index], ABSENT) for index in range(start, end))
            yield from ((index, ABSENT, after[index]) for index in range(first, last))


def _by(key: str, items: list[Any]) -> dict[str, Any] | None:
    """The items by what each has under a key; None if one has nothing there, or two have the same."""
    found: dict[str, Any] = {}
    for item in items:
        name = item.get(key) if isinstance(item, dict) else None
        if not isinstance(name, str) or name in found:
            return None
        found[name] = item
    return found
