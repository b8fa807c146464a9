"""Values and places in the few words that fit a line."""

from __future__ import annotations

import json
from typing import Any

from retail.ops.plan.changes import ABSENT
from retail.ops.plan.functions import Given

WIDTH = 72


def text(value: Any) -> str:
    """A value in one line, functions as templates write them, e.g. ``!Ref Key``."""
    match value:
        case _ if value is ABSENT:
            return "(none)"
        case Given(parameter, given):
            return f"!Ref {parameter} (by default {given})"
        case {"Ref": str(name)} if len(value) == 1:
            return f"!Ref {name}"
        case {"Fn::GetAtt": [*parts]} if len(value) == 1:
            return f"!GetAtt {'.'.join(map(text, parts))}"
        case {"Fn::Sub": str(words)}:
            return words
        case {"Fn::Sub": [str(words), dict(own)]}:
            return f"{words} with {', '.join(f'{name} = {text(each)}' for name, each in own.items())}"
        case {"Fn::ImportValue": name} if len(value) == 1:
            return f"!ImportValue {text(name)}"
        case dict() if len(value) == 1 and str(next(iter(value))).startswith("Fn::"):
            [(key, argument)] = value.items()
            return f"!{key.removeprefix('Fn::')} {text(argument)}"
        case dict():
            return "{" + ", ".join(f"{key}: {text(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(text, value)) + "]"
        case str():
            return value
    return json.dumps(value, default=str)


def both(before: Any, after: Any) -> tuple[str, str]:
    """Two values for a line, cut where they are long, so that what differs is still seen."""
    one, other = (" ".join(_quoted(value).split()) for value in (before, after))
    same = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, same - WIDTH // 3) if max(len(one), len(other)) > WIDTH else 0
    return _cut(one, start), _cut(other, start)


def _quoted(value: Any) -> str:
    """A value in one line, a text of its own in quotes."""
    match value:
        case str() | {"Fn::Sub": str()}:
            return f'"{text(value)}"'
    return text(value)


def _cut(words: str, start: int) -> str:
    end = start + WIDTH
    return f"{'…' if start else ''}{words[start:end]}{'…' if len(words) > end else ''}"
