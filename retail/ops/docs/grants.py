"""Who may do what, in short words, from the policies of the emitted templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from retail.ops.docs.facts import HOUSE, Made, Templates, behind, every, house_name, nodes, target

HERE = re.compile(r"-\$\{AWS::AccountId\}-\$\{AWS::Region\}|\$\{AWS::AccountId\}|\$\{AWS::Region\}")


class Grant(NamedTuple):
    """What one statement allows."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]  # by logical id where the template says it, else the name without project and Region
    limited: bool  # whether a condition narrows it


def grants(templates: Templates, role: Made) -> Iterator[Grant]:
    """What a role's own policies allow, and those of its template that it shares with others."""
    for policy in role.properties.get("Policies", []):
        yield from _allowed(policy["PolicyDocument"])
    for shared in behind(templates, role.properties.get("ManagedPolicyArns", [])):
        yield from _allowed(shared.properties["PolicyDocument"])


def _allowed(document: Any) -> Iterator[Grant]:
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow":
            resources = tuple(dict.fromkeys(name for each in statement["Resource"] for name in shown(each)))
            yield Grant(tuple(statement["Action"]), resources, "Condition" in statement)


def shown(node: Any) -> list[str]:
    """What a resource in a policy is, for people."""
    if isinstance(node, dict) and "Fn::If" in node:
        return [name for branch in node["Fn::If"][1:] for name in shown(branch)]
    if node == {"Ref": "AWS::NoValue"}:
        return []
    if isinstance(node, dict) and "Fn::Sub" not in node:
        return [_named(node)]
    text = node["Fn::Sub"] if isinstance(node, dict) else node
    if isinstance(text, list):
        text, names = text
        for key, value in names.items():
            text = text.replace(f"${{{key}}}", _named(value))
    plain = re.sub(r"\$\{Project\}[/_]\$\{Environment\}", "…", HERE.sub("", text).replace(HOUSE, ""))
    return [re.sub(r"^arn:\$\{AWS::Partition\}:[\w-]+:[^:]*:[^:]*:", "", plain)]


def _named(node: Any) -> str:
    """What a reference or an import names."""
    imported = next(nodes(node, "Fn::ImportValue"), None)
    return target(node) if imported is None else house_name(imported).split("-", 1)[1]


def managed(role: Made) -> list[str]:
    """AWS's own policies that a role holds, by name."""
    arns = [str(node) for node in nodes(role.properties.get("ManagedPolicyArns", []), "Fn::Sub")]
    return [arn.rsplit("/", 1)[1] for arn in arns]


def roles(templates: Templates) -> list[Made]:
    """Every role, in the order of the templates."""
    return every(templates, "AWS::IAM::Role")


def trusted(role: Made) -> list[str]:
    """The services that may take a role."""
    return [
        str(name).removesuffix(".amazonaws.com")
        for name in nodes(role.properties["AssumeRolePolicyDocument"], "Service")
    ]
