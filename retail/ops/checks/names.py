"""Stacks and names that are in the way: what a deployment would update, delete first, or collide with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from retail.ops import stacks
from retail.ops.checks.finding import FINE, MISSING, Finding, Place, is_missing, safely
from retail.ops.stacks import Stack

KEPT = ("Retain", "RetainExceptOnCreate", "Snapshot")

UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
ABSENT = ("404", "NoSuchBucket", "ResourceNotFoundException")
DENIED = "AccessDeniedException"
"""AWS Backup's answer about a vault that is not there, also to those who may ask; any other service means it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource whose leftover takes the name of a new one (T14, T215)."""

    name: str  # the property that holds it
    service: str
    is_there: Callable[[Any, str], bool]
    removal: str


def _answers(operation: str, argument: str) -> Callable[[Any, str], bool]:
    def asks(client: Any, name: str) -> bool:
        getattr(client, operation)(**{argument: name})
        return True

    return asks


def _log_group(client: Any, name: str) -> bool:
    groups = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(group["logGroupName"] == name for group in groups)


KINDS = {
    "AWS::Logs::LogGroup": Kind("LogGroupName", "logs", _log_group, "aws logs delete-log-group --log-group-name"),
    "AWS::S3::Bucket": Kind(
        "BucketName", "s3", _answers("head_bucket", "Bucket"), "python -m retail.ops.empty --remove --bucket"
    ),
    "AWS::DynamoDB::Table": Kind(
        "TableName", "dynamodb", _answers("describe_table", "TableName"), "aws dynamodb delete-table --table-name"
    ),
    "AWS::Backup::BackupVault": Kind(
        "BackupVaultName", "backup", _answers("describe_backup_vault", "BackupVaultName"),
        "aws backup delete-backup-vault --backup-vault-name",
    ),
    "AWS::Events::Archive": Kind(
        "ArchiveName", "events", _answers("describe_archive", "ArchiveName"),
        "aws events delete-archive --archive-name",
    ),
    "AWS::RedshiftServerless::Namespace": Kind(
        "NamespaceName", "redshift-serverless", _answers("get_namespace", "namespaceName"),
        "aws redshift-serverless delete-namespace --namespace-name",
    ),
}  # fmt: skip
"""The types that outlive their stack under a fixed name."""


def states(platform: dict[str, Stack], place: Place) -> Iterator[Finding]:
    """What state each stack is in, and how it gets out of one that takes no update."""
    for stack in platform.values():
        yield from safely(f"stack {stack.name}", lambda stack=stack: _state(stack, place))


def status(stack: Stack, place: Place) -> str:
    """What CloudFormation says of a stack; empty if there is none."""
    try:
        found = place.client("cloudformation", stack.region).describe_stacks(StackName=stack.name)
    except ClientError as error:
        if "does not exist" in str(error):
            return ""
        raise
    return str(found["Stacks"][0]["StackStatus"])


def _state(stack: Stack, place: Place) -> Iterator[Finding]:
    subject, now = f"stack {stack.name}", status(stack, place)
    words = f"--stack-name {stack.name} --region {stack.region}"
    if now in ("", *UPDATABLE):
        yield Finding(FINE, subject, now or "not there yet")
    elif now in stacks.NEVER_MADE:
        found = f"{now}, the rest of a failed creation; deploy deletes it first"
        yield Finding(MISSING, subject, found, f"aws cloudformation delete-stack {words}")
    elif now == "UPDATE_ROLLBACK_FAILED":
        yield Finding(MISSING, subject, now, f"aws cloudformation continue-update-rollback {words}")
    elif now == "DELETE_FAILED":
        yield Finding(MISSING, subject, "half deleted", f"aws cloudformation delete-stack {words}")
    else:
        yield Finding(MISSING, subject, f"busy: {now}", f"aws cloudformation describe-stack-events {words}")


def taken(platform: dict[str, Stack], templates: dict[str, dict[str, Any]], place: Place) -> Iterator[Finding]:
    """The fixed names that a stack which is not there would find taken."""
    for title, stack in platform.items():
        wanted = list(fixed_names(templates[title], stack, place))

        def look(stack: Stack = stack, wanted: list[tuple[Kind, str, str]] = wanted) -> Iterator[Finding]:
            if status(stack, place) not in ("", *stacks.NEVER_MADE):
                return
            for kind, logical_id, name in wanted:
                yield from safely(f"name {name} ({kind.service})", lambda: _taken(kind, logical_id, name, stack, place))  # noqa: B023

        yield from safely(f"names of {stack.name}", look)


def _taken(kind: Kind, logical_id: str, name: str, stack: Stack, place: Place) -> Iterator[Finding]:
    subject = f"name {name} ({kind.service})"
    try:
        is_there = kind.is_there(place.client(kind.service, stack.region), name)
    except ClientError as error:
        if not is_missing(error, *ABSENT, *([DENIED] if kind.service == "backup" else [])):
            raise
        is_there = False
    if is_there:
        yield Finding(
            MISSING,
            subject,
            f"{logical_id} of {stack.label} would find it taken; import it into the stack, or give up what it holds",
            f"{kind.removal} {name} --region {stack.region}",
        )
    else:
        yield Finding(FINE, subject, "free")


def fixed_names(template: dict[str, Any], stack: Stack, place: Place) -> Iterator[tuple[Kind, str, str]]:
    """The kept resources of a stack that have a name of their own: their kind, logical id and name."""
    scope = {stacks.INGRESS_WAF: "IsWaf", stacks.INGRESS: "IsCdn"}.get(stack.title)
    for logical_id, resource in template["Resources"].items():
        kind = KINDS.get(resource["Type"])
        if kind is None or resource.get("DeletionPolicy") not in KEPT:
            continue
        if scope is not None and resource.get("Condition") != scope:
            continue
        if isinstance(name := resource.get("Properties", {}).get(kind.name), str):
            yield kind, logical_id, filled(name, stack, place)


def filled(name: str, stack: Stack, place: Place) -> str:
    """A name with what CloudFormation puts into it."""
    for placeholder, value in (
        ("Project", place.project),
        ("Environment", place.environment),
        ("AWS::AccountId", place.account),
        ("AWS::Region", stack.region),
    ):
        name = name.replace(f"${{{placeholder}}}", value)
    return name
