"""CloudFormation's YAML as people write it: short-form intrinsics, sections and attributes in reading order.

PyYAML's C emitter writes it from events made here. Troposphere's own ``to_yaml`` sorts keys, so that Outputs
come before Resources and Properties before Type.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from yaml.resolver import Resolver

SECTIONS = (
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Rules",
    "Conditions",
    "Resources",
    "Outputs",
)
ATTRIBUTES = (
    "Type",
    "Condition",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
    "Properties",
)

LINE_WIDTH = 110

SHORT = 85
"""A function whose arguments fit into as many characters stands on one line: ``!If [HasKey, !Ref Key, none]``."""

STRING = "tag:yaml.org,2002:str"
RESOLVER = Resolver()


def dump(template: dict[str, Any]) -> str:
    """The template as YAML text; ``template`` is what Troposphere's ``to_dict`` returns."""
    ordered = _in_order(template, SECTIONS)
    ordered["Resources"] = {title: _in_order(resource, ATTRIBUTES) for title, resource in template["Resources"].items()}
    events: list[Event] = [StreamStartEvent(), DocumentStartEvent(explicit=False)]
    _write(ordered, events)
    events += [DocumentEndEvent(explicit=False), StreamEndEvent()]
    text: str = yaml.emit(events, Dumper=yaml.CDumper, width=LINE_WIDTH, allow_unicode=True)
    return text


def _in_order(mapping: dict[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    """The mapping's entries in the given order. A key that the order does not know is an error, not lost."""
    unknown = mapping.keys() - set(order)
    if unknown:
        raise ValueError(f"no place in the file for {', '.join(sorted(unknown))}")
    return {key: mapping[key] for key in order if key in mapping}


def _write(value: Any, events: list[Event], tag: str | None = None) -> None:
    """Add the events of a value; ``tag`` is the short form of the function whose argument it is."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, argument),) = value.items()
            if _is_function(key) and _takes_short_form(argument):
                _write(_dotted(key, argument), events, "!" + key.removeprefix("Fn::"))
                return
        events.append(MappingStartEvent(None, None, True, flow_style=False))
        for key, item in value.items():
            events.append(_scalar(key, None))
            _write(item, events)
        events.append(MappingEndEvent())
    elif isinstance(value, list):
        one_line = not value or (tag is not None and _width(value) <= SHORT)
        events.append(SequenceStartEvent(None, tag, tag is None, flow_style=one_line))
        for item in value:
            _write(item, events)
        events.append(SequenceEndEvent())
    else:
        events.append(_scalar(value, tag))


def _is_function(key: str) -> bool:
    return key == "Ref" or key.startswith("Fn::")


def _takes_short_form(argument: Any) -> bool:
    """A node has one tag only: around another function, the outer one keeps its long form."""
    return not (isinstance(argument, dict) and len(argument) == 1 and _is_function(next(iter(argument))))


def _dotted(key: str, argument: Any) -> Any:
    return ".".join(argument) if key == "Fn::GetAtt" and isinstance(argument, list) else argument


def _width(value: Any) -> float:
    """About how many characters a value takes on one line; infinite if it needs lines of its own."""
    match value:
        case str():
            return float("inf") if "\n" in value else len(value) + 3
        case list():
            return sum(map(_width, value)) + 5
        case dict():
            ((key, argument), *more) = value.items()
            if more or not _is_function(key) or not _takes_short_form(argument):
                return float("inf")
            return len(key) + _width(_dotted(key, argument))
    return 5


def _scalar(value: str | bool | int | float, tag: str | None) -> ScalarEvent:
    match value:
        case str():
            return _text(value, tag)
        case bool():
            return ScalarEvent(None, None, (True, False), str(value).lower())
        case int() | float():
            return ScalarEvent(None, None, (True, False), repr(value))
    raise TypeError(f"{value!r} has no place in a template")


@cache
def _text(value: str, tag: str | None) -> ScalarEvent:
    """A string: plain where YAML 1.1 reads it back as one, else quoted; a block where it has many lines."""
    style = "|" if "\n" in value else "'" if value == "" else None
    plain = tag is None and RESOLVER.resolve(yaml.ScalarNode, value, (True, False)) == STRING  # type: ignore[no-untyped-call]  # PyYAML has none
    return ScalarEvent(None, tag, (plain, tag is None), value, style=style)
