"""A policy document from actions: narrowed, and small enough for IAM."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from retail.ops.cli import InputError
from retail.ops.deploy_policy.actions import takes_resource
from retail.ops.deploy_policy.places import EVERYWHERE, NAMED, Place, filled
from retail.ops.stacks import EDGE_REGION

LIMIT = 6_144
"""Characters of a managed policy, white space not counted."""

SERVICE_ROLES = "arn:aws:iam::{account}:role/aws-service-role/*"

FOLDS = (
    ("ec2:Describe*", "tells how the network is made, and nothing that runs in it"),
    ("s3:GetBucket*", "tells how a bucket is set up, not what is in it"),
    ("rds:Describe*", "tells how a database is set up, not what is in it"),
    ("dynamodb:Describe*", "tells how a table is set up, not what is in it"),
    ("elasticache:Describe*", "tells how a cache is set up, not what is in it"),
    ("backup:Get*", "tells how backups are set up, not what is in them"),
    ("backup:List*", "tells which backups there are"),
    ("elasticloadbalancing:Describe*", "tells how a load balancer is set up"),
    ("globalaccelerator:Describe*", "tells how an accelerator is set up"),
    ("cloudfront:Get*", "tells how a distribution is set up"),
    ("redshift-serverless:Get*", "tells how a warehouse is set up"),
    ("logs:Describe*", "tells which logs there are, not what is in them"),
    ("glue:Get*", "tells how the catalogue is set up"),
)
"""Wildcards, in this order as many as a policy needs to fit; each only reads settings."""


def size(document: dict[str, Any]) -> int:
    """Characters as IAM counts them."""
    return len("".join(json.dumps(document, separators=(",", ":")).split()))


def written(
    name: str,
    actions: Iterable[str],
    passed: Iterable[str],
    place: Place,
    more: Iterable[Any],
    named: Mapping[str, Iterable[str]] = NAMED,
) -> dict[str, Any]:
    """The document for these actions, and for handing the platform's roles to the services in `passed`.

    `more` are statements as they are; `named` are the ARNs of what has a name, by service. Raises
    InputError if it does not fit.
    """
    wanted = {action for action in actions if action != "iam:PassRole"}
    for fold in ("", *(pattern for pattern, _ in FOLDS)):
        if fold and any(fnmatchcase(action, fold) for action in wanted):
            wanted = {action for action in wanted if not fnmatchcase(action, fold)} | {fold}
        document = {
            "Version": "2012-10-17",
            "Statement": [*_statements(wanted, place, named), *_passing(passed, place), *more],
        }
        if size(document) <= LIMIT:
            return document
    raise InputError(
        f"the policy of {name} has {size(document):,} characters, and IAM takes {LIMIT:,}: shorten --project, or add a "
        f"wildcard that only reads to FOLDS"
    )


def _statements(actions: set[str], place: Place, named: Mapping[str, Iterable[str]]) -> Iterable[dict[str, Any]]:
    """Few statements, as each costs characters: an action is not widened by the resources of another service.

    S3's ARNs have no account, so that it stands alone, with the account as a condition.
    """
    groups: dict[str, set[str]] = defaultdict(set)
    resources: dict[str, set[str]] = defaultdict(set)
    for action in actions:
        service = action.split(":")[0]
        if action == "iam:CreateServiceLinkedRole":
            group, arn = "roles of services", [SERVICE_ROLES.format(account=place.account)]
        elif service in EVERYWHERE:
            group, arn = "any Region", ["*"]
        elif not takes_resource(action) or service not in named:
            group, arn = "any resource", ["*"]
        else:
            group, arn = "s3" if service == "s3" else "named", filled(named[service], place)
        groups[group].add(action)
        resources[group].update(arn)
    for group, allowed in sorted(groups.items()):
        statement: dict[str, Any] = {"Effect": "Allow", "Action": sorted(allowed), "Resource": sorted(resources[group])}
        conditions: dict[str, Any] = {}
        if group != "any Region":
            conditions["StringEquals"] = {"aws:RequestedRegion": sorted({place.region, EDGE_REGION})}
        if group == "s3" and place.account != "*":
            # A bucket that is about to be made may belong to no account yet.
            conditions["StringEqualsIfExists"] = {"aws:ResourceAccount": place.account}
        if conditions:
            statement["Condition"] = conditions
        yield statement


def _passing(services: Iterable[str], place: Place) -> Iterable[dict[str, Any]]:
    if told := sorted(services):
        yield {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": f"arn:aws:iam::{place.account}:role/{place.prefix}-*",
            "Condition": {"StringEquals": {"iam:PassedToService": told}},
        }
