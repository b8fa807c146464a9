"""Which resources hold data, and what becomes of it when CloudFormation replaces or removes them."""

from __future__ import annotations

from typing import Any

from retail.ops.emitted import KEPT
from retail.ops.plan.changes import ABSENT
from retail.ops.plan.functions import text

HOLDS = {
    "AWS::Backup::BackupVault": "the recovery points",
    "AWS::Cognito::UserPool": "the users",
    "AWS::DynamoDB::GlobalTable": "the items",
    "AWS::DynamoDB::Table": "the items",
    "AWS::ECR::Repository": "the images, of which running tasks pull theirs",
    "AWS::EFS::FileSystem": "the files",
    "AWS::Events::Archive": "the archived events",
    "AWS::KMS::Key": "the key without which nothing that it encrypted can be read",
    "AWS::Kinesis::Stream": "the records",
    "AWS::Logs::LogGroup": "the logs",
    "AWS::OpenSearchService::Domain": "the indexes",
    "AWS::RDS::DBCluster": "the database",
    "AWS::RDS::DBInstance": "the database",
    "AWS::Redshift::Cluster": "the warehouse",
    "AWS::RedshiftServerless::Namespace": "the warehouse",
    "AWS::S3::Bucket": "the objects",
    "AWS::SQS::Queue": "the messages that nobody has taken yet",
    "AWS::SecretsManager::Secret": "the password or token, which a new secret would not have",
}
"""Types known to hold data, and what: whatever their template says of deletion."""

STAYS = "stays in the account outside of the stack, billed, and must be imported or removed by hand"


def is_stateful(resource: Any) -> bool:
    """Whether a resource of a template holds data: by its type, or because its template keeps it."""
    if resource is ABSENT:
        return False
    kind = resource["Type"]
    if kind == "AWS::RDS::DBInstance" and "DBClusterIdentifier" in resource.get("Properties", {}):
        return False  # Aurora keeps the data in the cluster
    return kind in HOLDS or resource.get("DeletionPolicy") in KEPT


def held(resource_type: str) -> str:
    """What a resource of a type holds."""
    return HOLDS.get(resource_type, "what it holds")


def fate(resource: Any, policy: str) -> str:
    """What becomes of the old resource's data by its `DeletionPolicy` or `UpdateReplacePolicy`."""
    what = held(resource["Type"])
    match text(resource.get(policy, "Delete")):
        case "Retain" | "RetainExceptOnCreate":
            return f"the old one, with {what}, {STAYS}"
        case "Snapshot":
            return f"of the old one, with {what}, a snapshot stays and the rest is deleted"
    return f"the old one is deleted, and with it {what}"
