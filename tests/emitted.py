"""The emitted files, as CloudFormation would read them: what the tests look at instead of the generator."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
OUT = ROOT / "out"

FILES = (
    "01-networking",
    "02-security",
    "03-ingress",
    "04-application",
    "05-data",
    "06-events",
    "07-analytics",
)


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms, read as their long forms."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    key = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {key: value.split(".", 1) if suffix == "GetAtt" else value}
    assert isinstance(node, yaml.SequenceNode)
    return {key: loader.construct_sequence(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def template(name: str) -> dict[str, Any]:
    """One emitted template by its file's name without ending, e.g. ``05-data``."""
    loaded: dict[str, Any] = yaml.load((OUT / f"{name}.yaml").read_text(encoding="utf-8"), _Loader)
    return loaded


def resources(name: str, kind: str | None = None) -> dict[str, dict[str, Any]]:
    """The resources of a template by logical id, or those of one type, e.g. ``AWS::SQS::Queue``."""
    return {
        logical_id: resource
        for logical_id, resource in template(name)["Resources"].items()
        if kind is None or resource["Type"] == kind
    }


def properties(name: str, logical_id: str) -> dict[str, Any]:
    """The properties of one resource."""
    found: dict[str, Any] = template(name)["Resources"][logical_id]["Properties"]
    return found


def everywhere(kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Template, logical id and properties of every resource of one type in all templates."""
    for name in FILES:
        for logical_id, resource in resources(name, kind).items():
            yield name, logical_id, resource.get("Properties", {})


def find(tree: Any, key: str) -> Iterator[Any]:
    """Every value that stands under a key, at any depth."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from find(value, key)
    elif isinstance(tree, list):
        for item in tree:
            yield from find(item, key)


def statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of a policy document."""
    listed: list[dict[str, Any]] = document["Statement"]
    return listed


def granted(name: str, role: str) -> list[dict[str, Any]]:
    """The statements of a role's own policies, and of those that it shares with others of its template."""
    settings = properties(name, role)
    own = [policy["PolicyDocument"] for policy in settings.get("Policies", [])]
    shared = [
        properties(name, arn["Ref"])["PolicyDocument"] for arn in settings.get("ManagedPolicyArns", []) if "Ref" in arn
    ]
    return [statement for document in (*own, *shared) for statement in statements(document)]


def imported(export: str) -> dict[str, Any]:
    """The import of an export by stack and title, e.g. ``security-KeyArn``, as it stands in a template."""
    return {"Fn::ImportValue": {"Fn::Sub": "${Project}-${Environment}-" + export}}
