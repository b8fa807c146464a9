"""What outlives its stack: what it is, what it costs, and the command that removes it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from retail.ops import emitted
from retail.ops.cli import PYTHON, CliError, ask
from retail.ops.stacks import Stack

BUS = "AWS::Events::EventBus"
KEY = "AWS::KMS::Key"
CLUSTER = "AWS::RDS::DBCluster"

LAST = (BUS, KEY)
"""What is removed after all else: a bus after its archive, which keeps a rule on it, and the key when nothing is left
that could not be read without it."""

REMOVALS = {
    "AWS::Backup::BackupVault": "aws backup delete-backup-vault --backup-vault-name",
    "AWS::DynamoDB::Table": "aws dynamodb delete-table --table-name",
    "AWS::ECR::Repository": "aws ecr delete-repository --force --repository-name",
    "AWS::Events::Archive": "aws events delete-archive --archive-name",
    "AWS::Events::EventBus": "aws events delete-event-bus --name",
    "AWS::KMS::Key": "aws kms schedule-key-deletion --pending-window-in-days 30 --key-id",
    "AWS::Logs::LogGroup": "aws logs delete-log-group --log-group-name",
    "AWS::RedshiftServerless::Namespace": "aws redshift-serverless delete-namespace --namespace-name",
    "AWS::S3::Bucket": f"{PYTHON} -m retail.ops.empty --remove --bucket",
    "AWS::SQS::Queue": "aws sqs delete-queue --queue-url",
    "AWS::SecretsManager::Secret": "aws secretsmanager delete-secret --secret-id",
}
"""What removes a leftover, by its type, up to its name."""

COSTS = {
    "AWS::Backup::BackupVault": "by the gigabyte of its recovery points",
    "AWS::DynamoDB::Table": "by the gigabyte, and again for its point-in-time recovery",
    "AWS::ECR::Repository": "0.10 dollars a month for each gigabyte of images",
    "AWS::Events::Archive": "by the gigabyte",
    "AWS::Events::EventBus": "nothing while nobody publishes to it",
    "AWS::KMS::Key": "1 dollar a month, and 1 more after each of its first two yearly rotations",
    "AWS::Logs::LogGroup": "0.03 dollars a month for each gigabyte",
    "AWS::RDS::DBCluster": "a snapshot, by the gigabyte",
    "AWS::RedshiftServerless::Namespace": "by the gigabyte of its storage",
    "AWS::S3::Bucket": "about 0.02 dollars a month for each gigabyte",
    "AWS::SQS::Queue": "nothing while nobody asks it",
    "AWS::SecretsManager::Secret": "0.40 dollars a month",
}
"""What it goes on costing, by type, in dollars of us-east-1."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A resource that its stack leaves behind."""

    kind: str
    name: str  # its physical id
    region: str

    @property
    def removal(self) -> str:
        """The command that removes it."""
        return f"{REMOVALS[self.kind]} {shlex.quote(self.name)} --region {self.region}"


def turn(kind: str) -> int:
    """When a leftover of a type is removed: those of a lower number before."""
    return LAST.index(kind) + 1 if kind in LAST else 0


def kept(stack: Stack) -> dict[str, str]:
    """The types of what outlives the stack, by logical id."""
    found = emitted.read(stack.template).kept
    condition = f"Is{stack.scope.title()}"
    return {title: each.kind for title, each in found.items() if not stack.scope or each.condition == condition}


def of_stack(stack: Stack) -> list[Leftover]:
    """What the stack, which is still there, will leave behind; the database's snapshot is not there yet."""
    ids = kept(stack)
    told = ask("cloudformation", "list-stack-resources", "--stack-name", stack.name, region=stack.region)
    return [
        Leftover(ids[each["LogicalResourceId"]], each["PhysicalResourceId"], stack.region)
        for each in told["StackResourceSummaries"]
        if each["LogicalResourceId"] in ids and each.get("PhysicalResourceId")
    ]


def removals(left: list[Leftover]) -> Iterator[str]:
    """The commands that remove what is left, in an order in which they succeed."""
    for each in sorted(left, key=lambda each: turn(each.kind)):
        if each.kind == CLUSTER:
            yield from _of_snapshots(each)
        else:
            yield each.removal


def _of_snapshots(cluster: Leftover) -> Iterator[str]:
    try:
        told = ask(
            "rds", "describe-db-cluster-snapshots", "--db-cluster-identifier", cluster.name,
            "--snapshot-type", "manual",
            region=cluster.region,
        )["DBClusterSnapshots"]  # fmt: skip
    except CliError:  # it may be denied; the others are listed all the same
        return
    for snapshot in told:
        name = shlex.quote(snapshot["DBClusterSnapshotIdentifier"])
        yield f"aws rds delete-db-cluster-snapshot --db-cluster-snapshot-identifier {name} --region {cluster.region}"
