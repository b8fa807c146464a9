"""Stacks and names that are in the way: what a deployment would update, delete first, or collide with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from retail.ops import leftovers, stacks
from retail.ops.checks.finding import FINE, MISSING, Finding, Place, is_missing, safely
from retail.ops.leftovers import Leftover
from retail.ops.plan.read import Template
from retail.ops.plan.settle import settled
from retail.ops.stacks import Stack

ABSENT = ("404", "NoSuchBucket", "ResourceNotFoundException")
DENIED = "AccessDeniedException"
"""AWS Backup's answer about a vault that is not there, also to those who may ask; any other service means it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource whose leftover takes the name of a new one (T14, T215)."""

    name: str  # the property that holds it
    service: str
    is_there: Callable[[Any, str], bool]


def _answers(operation: str, argument: str) -> Callable[[Any, str], bool]:
    def asks(client: Any, name: str) -> bool:
        getattr(client, operation)(**{argument: name})
        return True

    return asks


def _log_group(client: Any, name: str) -> bool:
    groups = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(group["logGroupName"] == name for group in groups)


KINDS = {
    "AWS::Logs::LogGroup": Kind("LogGroupName", "logs", _log_group),
    "AWS::S3::Bucket": Kind("BucketName", "s3", _answers("head_bucket", "Bucket")),
    "AWS::DynamoDB::Table": Kind("TableName", "dynamodb", _answers("describe_table", "TableName")),
    "AWS::Backup::BackupVault": Kind("BackupVaultName", "backup", _answers("describe_backup_vault", "BackupVaultName")),
    "AWS::Events::Archive": Kind("ArchiveName", "events", _answers("describe_archive", "ArchiveName")),
    "AWS::Events::EventBus": Kind("Name", "events", _answers("describe_event_bus", "Name")),
    "AWS::RedshiftServerless::Namespace": Kind(
        "NamespaceName", "redshift-serverless", _answers("get_namespace", "namespaceName")
    ),
}
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


def is_to_be_made(stack: Stack, place: Place) -> bool:
    """Whether a deployment would begin with an empty stack, so that its names have to be free."""
    return status(stack, place) in ("", *stacks.NEVER_MADE)


def _state(stack: Stack, place: Place) -> Iterator[Finding]:
    subject, now = f"stack {stack.name}", status(stack, place)
    words = f"--stack-name {stack.name} --region {stack.region}"
    if now in ("", *stacks.UPDATABLE):
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


def taken(platform: dict[str, Stack], templates: dict[str, Template], place: Place) -> Iterator[Finding]:
    """The fixed names that a stack which is not there would find taken."""
    for title, stack in platform.items():
        wanted = list(fixed_names(templates[title], stack, place))

        def look(stack: Stack = stack, wanted: list[tuple[str, Leftover]] = wanted) -> Iterator[Finding]:
            if is_to_be_made(stack, place):
                for logical_id, it in wanted:
                    yield from safely(_subject(it), lambda: _taken(logical_id, it, stack, place))  # noqa: B023

        yield from safely(f"names of {stack.name}", look)


def _subject(it: Leftover) -> str:
    return f"name {it.name} ({KINDS[it.kind].service})"


def _taken(logical_id: str, it: Leftover, stack: Stack, place: Place) -> Iterator[Finding]:
    kind = KINDS[it.kind]
    try:
        is_there = kind.is_there(place.client(kind.service, it.region), it.name)
    except ClientError as error:
        if not is_missing(error, *ABSENT, *([DENIED] if kind.service == "backup" else [])):
            raise
        is_there = False
    if is_there:
        yield Finding(
            MISSING,
            _subject(it),
            f"{logical_id} of {stack.label} would find it taken; import it into the stack, or give up what it holds",
            it.removal,
        )
    else:
        yield Finding(FINE, _subject(it), "free")


def fixed_names(template: Template, stack: Stack, place: Place) -> Iterator[tuple[str, Leftover]]:
    """What a stack would keep under a name of its own, by logical id: as what a former one has left, to be removed in
    this order.
    """
    known = {
        "Project": place.project,
        "Environment": place.environment,
        "AWS::AccountId": place.account,
        "AWS::Region": stack.region,
    }
    resources = settled(template, known)["Resources"]
    for logical_id, kind in sorted(leftovers.kept(stack).items(), key=lambda each: leftovers.turn(each[1])):
        if kind in KINDS and isinstance(name := resources[logical_id].get("Properties", {}).get(KINDS[kind].name), str):
            yield logical_id, Leftover(kind, name, stack.region)
