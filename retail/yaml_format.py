"""CloudFormation's YAML as people write it: short-form intrinsics, sections and attributes in reading order.

PyYAML's C emitter writes it from nodes made here. Troposphere's own ``to_yaml`` sorts keys, so that Outputs
come before Resources and Properties before Type.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

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

MAP = "tag:yaml.org,2002:map"
SEQUENCE = "tag:yaml.org,2002:seq"
STRING = "tag:yaml.org,2002:str"
INTEGER = "tag:yaml.org,2002:int"
FLOAT = "tag:yaml.org,2002:float"
BOOLEAN = "tag:yaml.org,2002:bool"

LINE_WIDTH = 110

SHORT = 85
"""A function whose arguments fit into as many characters stands on one line: ``!If [HasKey, !Ref Key, none]``."""


def dump(template: dict[str, Any]) -> str:
    """The template as YAML text; ``template`` is what Troposphere's ``to_dict`` returns."""
    ordered = _in_order(template, SECTIONS)
    ordered["Resources"] = {title: _in_order(resource, ATTRIBUTES) for title, resource in template["Resources"].items()}
    text: str = yaml.serialize(_node(ordered), Dumper=yaml.CDumper, width=LINE_WIDTH, allow_unicode=True)
    return text


def _in_order(mapping: dict[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    """The mapping's entries in the given order. A key that the order does not know is an error, not lost."""
    unknown = mapping.keys() - set(order)
    if unknown:
        raise ValueError(f"no place in the file for {', '.join(sorted(unknown))}")
    return {key: mapping[key] for key in order if key in mapping}


def _node(value: Any) -> Node:
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key == "Ref" or key.startswith("Fn::"):
                return _intrinsic(key, argument)
        return MappingNode(MAP, [(_scalar(key), _node(item)) for key, item in value.items()], flow_style=False)
    if isinstance(value, (list, tuple)):
        return SequenceNode(SEQUENCE, [_node(item) for item in value], flow_style=not value)
    return _scalar(value)


def _intrinsic(key: str, argument: Any) -> Node:
    """``!Ref``, ``!Sub`` ...: the short form, except around another intrinsic, as a node has one tag only."""
    if key == "Fn::GetAtt" and isinstance(argument, list):
        argument = ".".join(argument)
    node = _node(argument)
    if node.tag.startswith("!"):
        return MappingNode(MAP, [(_scalar(key), node)], flow_style=False)
    node.tag = "!" + key.removeprefix("Fn::")
    if isinstance(node, SequenceNode):
        node.flow_style = _width(node) <= SHORT
    elif isinstance(node, ScalarNode) and node.value == "":
        node.style = "'"
    return node


def _width(node: Node) -> float:
    """About how many characters the node takes on one line; infinite if it needs lines of its own."""
    if isinstance(node, ScalarNode):
        return float("inf") if "\n" in node.value else len(node.value) + len(node.tag) * node.tag.startswith("!") + 3
    if isinstance(node, SequenceNode):
        return sum(map(_width, node.value)) + 5
    return float("inf")


def _scalar(value: Any) -> ScalarNode:
    match value:
        case str():
            return ScalarNode(STRING, value, style="|" if "\n" in value else None)
        case bool():
            return ScalarNode(BOOLEAN, str(value).lower())
        case int():
            return ScalarNode(INTEGER, str(value))
        case float():
            return ScalarNode(FLOAT, repr(value))
    raise TypeError(f"{value!r} has no place in a template")
