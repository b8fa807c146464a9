"""What CloudFormation needs for one stack, with the permissions of whoever deploys it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from retail.ops.deploy_policy import actions, features
from retail.ops.deploy_policy.document import written
from retail.ops.deploy_policy.places import Place

SECRET_READ = "secretsmanager:GetSecretValue"
SECRET_REFERENCE = "{{resolve:secretsmanager:"

SNAPSHOT = {"AWS::RDS::DBCluster": "rds:CreateDBClusterSnapshot"}
"""What DeletionPolicy Snapshot calls."""

ZONES = {"ec2:DescribeAccountAttributes", "ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets"}
"""What Fn::GetAZs calls, by CloudFormation's guide."""

BESIDES = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeAddresses",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    ),
    "AWS::SecretsManager::Secret": ("kms:Decrypt", "kms:GenerateDataKey"),
}
"""What a service asks of whoever makes one, by its guide; the schemas leave it out."""


def policy(name: str, template: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """The policy document of a stack. Raises InputError for a type that tells no permissions, or if it is too long."""
    wanted: set[str] = set()
    for kind in {resource["Type"] for resource in template["Resources"].values()}:
        optional = actions.of_type(kind) - actions.reads_of_type(kind)
        wanted |= actions.reads_of_type(kind) | features.needed(optional, template["Resources"])
        wanted.update(BESIDES.get(kind, ()))
    for resource in template["Resources"].values():
        if resource.get("DeletionPolicy") == "Snapshot":
            wanted.add(SNAPSHOT[resource["Type"]])
    written_out = json.dumps(template["Resources"])
    if SECRET_REFERENCE in written_out:
        wanted |= {SECRET_READ, "kms:Decrypt"}
    if '"Fn::GetAZs"' in written_out:
        wanted |= ZONES
    return written(name, wanted, trusted(template), place, ())


def trusted(template: Mapping[str, Any]) -> set[str]:
    """The services to which the roles of a template are handed."""
    return {
        service
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        for service in _listed(statement["Principal"].get("Service", []))
    }


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
