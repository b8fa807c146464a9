"""What CloudFormation does with a resource when one of its properties changes: cfn-lint's copy of AWS's schemas.

cfn-lint's Python interface is internal, so it is called here and nowhere else.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from cfnlint.schema import ResourceNotFoundError
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

REGION = "us-east-1"
"""The Region that has every type of the platform."""

Names = tuple[str, ...]
"""A path below Properties, without the places in lists: those say nothing about replacement."""


class Rules(NamedTuple):
    """Of one type: the properties whose change replaces, and those whose change may."""

    replace: frozenset[Names] = frozenset()
    may_replace: frozenset[Names] = frozenset()


@cache
def rules(resource_type: str) -> Rules:
    """The rules of a type. One without a schema, such as a third party's, has none."""
    schema = _schema(resource_type)
    return Rules(_names(schema, "createOnlyProperties"), _names(schema, "conditionalCreateOnlyProperties"))


@cache
def identifiers(resource_type: str) -> frozenset[Names]:
    """The properties that name a resource of the type in its account."""
    return _names(_schema(resource_type), "primaryIdentifier")


def _schema(resource_type: str) -> dict[str, Any]:
    try:
        return PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    except ResourceNotFoundError:
        return {}


def _names(schema: dict[str, Any], key: str) -> frozenset[Names]:
    pointers = (pointer.removeprefix("/properties/").split("/") for pointer in schema.get(key, []))
    return frozenset(tuple(part for part in parts if part != "*") for parts in pointers)
