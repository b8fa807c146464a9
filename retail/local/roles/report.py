"""What each role was allowed, what of it was used, and what it was denied.

Allowed is what the policies say as they are deployed, used and denied what the emulator decided.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

from retail.local.platform.deployed import Deployed, NotDeployedError
from retail.local.roles.decisions import Decision

UNSEEN = {
    "kms:": "no service of the emulator asks for the key",
    "ec2:": "Lambda's own, to stand in the VPC",
    "ecr:": "no image is pulled, the storefront runs from its sources",
    "elasticache:Connect": "the local cache lets its IAM user in with any token",
    "sqs:GetQueueAttributes": "Lambda's own, to scale its pollers",
}
"""Allowed actions that no part can use on this machine, by how they begin, and why."""

OF_AWS = "arn:aws:iam::aws:policy/"


@dataclass(frozen=True, slots=True)
class RoleReport:
    """A role of a stack."""

    stack: str
    role: str  # its logical id
    used: list[str]
    unused: dict[str, str]  # allowed and not used, and why it cannot be; empty where it could
    denied: dict[str, list[str]]  # the resources by action

    @property
    def is_taken(self) -> bool:
        """Whether any part has called as this role; the others belong to services that are not acted out."""
        return bool(self.used or self.denied)


def report(deployed: Deployed, decisions: Iterable[Decision]) -> list[RoleReport]:
    """Every role of the deployed stacks, in their order."""
    by_role: dict[str, list[Decision]] = {}
    for decision in decisions:
        by_role.setdefault(decision.role, []).append(decision)
    iam = deployed.client("iam")
    found = []
    for title in deployed.stacks:
        try:
            made = deployed.resources(title)
        except NotDeployedError:
            continue
        for logical_id, resource in made.items():
            if resource.type == "AWS::IAM::Role":
                allowed = sorted(set(_allowed(iam, resource.physical_id)))
                found.append(_compared(title, logical_id, allowed, by_role.get(resource.physical_id, [])))
    return found


def as_text(reports: list[RoleReport]) -> str:
    """The report to read: the roles that were taken, then what nobody can use on this machine."""
    lines = []
    for each in (each for each in reports if each.is_taken):
        lines.append(f"{each.stack} {each.role}")
        lines += _row("used", each.used)
        lines += _row("unused", [action for action, why in each.unused.items() if not why])
        lines += _row("not here", [action for action, why in each.unused.items() if why])
        for action, resources in each.denied.items():
            lines += _row("DENIED", [f"{action} on {resource}" for resource in resources])
    lines += ["", "not here:", *(f"  {start}  {why}" for start, why in UNSEEN.items())]
    others = [f"{each.stack} {each.role}" for each in reports if not each.is_taken]
    return "\n".join([*lines, *(["", f"taken by nobody here: {', '.join(others)}"] if others else [])])


def _row(title: str, words: list[str]) -> list[str]:
    indent = " " * 12
    text = f"  {title:10}{', '.join(words)}"
    return textwrap.wrap(text, 120, subsequent_indent=indent, break_on_hyphens=False) if words else []


def _compared(title: str, logical_id: str, allowed: list[str], decisions: list[Decision]) -> RoleReport:
    used = sorted({each.action for each in decisions if each.allowed})
    denied: dict[str, list[str]] = {}
    for each in decisions:
        if not each.allowed:
            denied.setdefault(each.action, []).append(each.resource)
    unused = {
        action: next((why for start, why in UNSEEN.items() if action.startswith(start)), "")
        for action in allowed
        if not any(fnmatchcase(each, action) for each in used)
    }
    return RoleReport(title, logical_id, used, unused, denied)


def _allowed(iam: Any, role: str) -> Iterator[str]:
    """The actions that the role's own policies and those attached to it allow; those of AWS are not known here."""
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from _actions(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        if arn.startswith(OF_AWS):
            continue
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        yield from _actions(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def _actions(document: dict[str, Any] | str) -> Iterator[str]:
    policy = json.loads(unquote(document)) if isinstance(document, str) else document
    for statement in policy["Statement"]:
        actions = statement.get("Action", [])
        if statement["Effect"] == "Allow":
            yield from [actions] if isinstance(actions, str) else actions
