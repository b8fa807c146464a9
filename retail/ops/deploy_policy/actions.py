"""Actions: which ones CloudFormation takes for a type, and which ones IAM knows; both as cfn-lint ships them.

cfn-lint's Python interface is internal, so it is called here and nowhere else for this.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

from cfnlint.schema import ResourceNotFoundError
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from retail.ops.cli import InputError

REGION = "us-east-1"
"""The Region that has every type of the platform."""


@cache
def known() -> dict[str, Any]:
    """IAM's services by prefix, each with its actions in lower case and its kinds of resources."""
    table = resources.files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json")
    loaded: dict[str, Any] = json.loads(table.read_text(encoding="utf-8"))
    return loaded


def exists(action: str) -> bool:
    """Whether IAM has an action; upper and lower case are the same to it."""
    service, _, name = action.lower().partition(":")
    return name in known().get(service, {}).get("Actions", {})


def matching(pattern: str) -> list[str]:
    """The names of a service's actions, in lower case, that a pattern such as ``ec2:Describe*`` stands for."""
    service, _, name = pattern.lower().partition(":")
    return [action for action in known()[service]["Actions"] if fnmatchcase(action, name)]


def takes_resource(pattern: str) -> bool:
    """Whether all that a pattern stands for can be allowed for some resources alone; else it takes `*` only."""
    actions = known()[pattern.partition(":")[0]]["Actions"]
    return all(actions[name].get("Resources") for name in matching(pattern))


@cache
def of_type(kind: str) -> frozenset[str]:
    """What CloudFormation calls to make, read, change, delete, list and tag resources of a type. Raises InputError.

    Some schemas name an action that IAM does not have, such as the API's name for one: those are left out.
    """
    tagging = _schema(kind).get("tagging") or {}
    return _spelled([*_handlers(kind, "create", "read", "update", "delete", "list"), *tagging.get("permissions", [])])


@cache
def reads_of_type(kind: str) -> frozenset[str]:
    """The part of them that reads, which a handler does whether or not a feature is used. Raises InputError."""
    return _spelled(_handlers(kind, "read", "list"))


def _schema(kind: str) -> dict[str, Any]:
    try:
        schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    except ResourceNotFoundError:
        schema = {}
    if "handlers" not in schema:
        raise InputError(f"{kind}: its schema in cfn-lint names no permissions; a deployment's cannot be told from it")
    return schema


def _handlers(kind: str, *names: str) -> list[str]:
    handlers = _schema(kind)["handlers"]
    return [action for name in names for action in handlers.get(name, {}).get("permissions", [])]


def _spelled(actions: list[str]) -> frozenset[str]:
    """Each action once, in one spelling."""
    found: dict[str, str] = {}
    for action in sorted(actions):
        service, _, name = action.partition(":")
        found.setdefault(action.lower(), f"{service.lower()}:{name}")
    return frozenset(action for action in found.values() if exists(action))
