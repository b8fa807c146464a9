"""The platform's stacks in AWS: their names and order, what state they are in, and why one failed."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

from retail.ops.cli import CliError, StackError, ask, aws, say

EDGE_REGION = "us-east-1"
"""Where the web ACL and the viewer's certificate live, whatever the primary Region (T67, T68)."""

NETWORKING = "networking"
SECURITY = "security"
INGRESS_WAF = "ingress-waf"
INGRESS = "ingress"
APPLICATION = "application"
DATA = "data"
EVENTS = "events"
ANALYTICS = "analytics"

ORDER = (
    ("01", NETWORKING),
    ("02", SECURITY),
    ("03", INGRESS_WAF),
    ("03", INGRESS),
    ("04", APPLICATION),
    ("05", DATA),
    ("06", EVENTS),
    ("07", ANALYTICS),
)
NUMBERS = sorted({number for number, _ in ORDER})

SCOPES = {INGRESS_WAF: "waf", INGRESS: "cdn"}
"""Which part of the template of 03 each of its stacks makes, as its parameter Scope has it."""

NEVER_MADE = ("REVIEW_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""What a failed first creation leaves: it can only be deleted (T15)."""

UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")

STARTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
CANCELLED = re.compile(r"Resource (creation|update|deletion) cancelled")

POLL_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack of one environment."""

    number: str
    title: str
    name: str
    region: str

    @property
    def label(self) -> str:
        """How the programs speak of it, e.g. ``05 data``."""
        return f"{self.number} {self.title}"

    @property
    def template(self) -> Path:
        """Its template below the working directory; both scopes of 03 share one."""
        return Path("out", f"{self.number}-{self.title.removesuffix('-waf')}.yaml")

    @property
    def scope(self) -> str:
        """Its parameter Scope, waf or cdn; empty for a stack that has none."""
        return SCOPES.get(self.title, "")


@dataclass(frozen=True, slots=True)
class State:
    """What CloudFormation says of a stack."""

    status: str
    reason: str
    parameters: dict[str, str]
    outputs: dict[str, str]
    tags: dict[str, str]
    is_protected: bool  # from deletion

    @property
    def is_busy(self) -> bool:
        """Whether an operation is under way; a change set that nobody executed is none."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


def platform(project: str, environment: str, region: str) -> dict[str, Stack]:
    """The stacks by title, in the order of their deployment."""
    return {
        title: Stack(number, title, f"{project}-{environment}-{title}", EDGE_REGION if title == INGRESS_WAF else region)
        for number, title in ORDER
    }


def describe(stack: Stack) -> State | None:
    """The stack's state, or None if there is no such stack."""
    try:
        found = ask("cloudformation", "describe-stacks", "--stack-name", stack.name, region=stack.region)["Stacks"][0]
    except CliError as error:
        if f"{stack.name} does not exist" in str(error):
            return None
        raise
    return State(
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        parameters={each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])},
        outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
        tags={each["Key"]: each["Value"] for each in found.get("Tags", [])},
        is_protected=found.get("EnableTerminationProtection", False),
    )


def template(stack: Stack) -> str:
    """The text of the template that the stack was made of. Raises CliError."""
    held = ask(
        "cloudformation", "get-template", "--stack-name", stack.name, "--template-stage", "Original",
        region=stack.region,
    )["TemplateBody"]  # fmt: skip
    # The CLI shows a template of JSON as what it holds.
    return held if isinstance(held, str) else json.dumps(held)


def outputs(stack: Stack, *names: str) -> dict[str, str]:
    """The named outputs of a stack. Raises StackError if the stack or one of them is not there."""
    state = describe(stack)
    there = state.outputs if state else {}
    for name in names:
        if name not in there:
            raise StackError(f"{stack.label}: {stack.name} has no output {name}; deploy {stack.number} again")
    return {name: there[name] for name in names}


def settled(stack: Stack) -> State | None:
    """The stack's state once no operation is under way; waits as long as CloudFormation takes."""
    while (state := describe(stack)) and state.is_busy:
        time.sleep(POLL_SECONDS)
    return state


def ready_to_deploy(stack: Stack) -> State | None:
    """The state of a stack that can be updated, None if it is to be created. Raises StackError for any other.

    What a failed first creation has left is deleted on the way.
    """
    state = describe(stack)
    if state is None:
        return None
    if state.status in NEVER_MADE:
        say(f"{stack.label}: {stack.name} is {state.status}, the rest of a failed creation; deleting it first")
        delete(stack)
        return None
    if state.is_busy:
        raise StackError(f"{stack.label}: {stack.name} is {state.status}; run again when that operation has ended")
    if state.status == "DELETE_FAILED":
        raise StackError(f"{stack.label}: {stack.name} is half deleted (DELETE_FAILED); finish that with destroy first")
    if state.status == "UPDATE_ROLLBACK_FAILED":
        raise StackError(
            f"{stack.label}: {stack.name} is UPDATE_ROLLBACK_FAILED; first run aws cloudformation "
            f"continue-update-rollback --stack-name {stack.name} --region {stack.region}"
        )
    return state


def give(stack: Stack, state: State, **values: str) -> None:
    """Give parameters other values, change nothing else, and wait. Raises StackError with the cause if it fails."""
    aws(
        "cloudformation", "update-stack",
        "--stack-name", stack.name,
        "--use-previous-template",
        "--capabilities", "CAPABILITY_NAMED_IAM",
        "--parameters", *(
            f"ParameterKey={name},"
            + (f"ParameterValue={values[name]}" if name in values else "UsePreviousValue=true")
            for name in state.parameters
        ),
        region=stack.region,
    )  # fmt: skip
    after = settled(stack)
    if after is None or after.status != "UPDATE_COMPLETE":
        raise StackError(failure(stack, root_cause(stack)))


def delete(stack: Stack) -> None:
    """Delete the stack and wait until it is gone. Raises StackError with the cause if it stays."""
    aws("cloudformation", "delete-stack", "--stack-name", stack.name, region=stack.region)
    left = settled(stack)
    if left is not None:
        raise StackError(failure(stack, root_cause(stack) or left.reason))


def failure(stack: Stack, cause: str) -> str:
    """The block that says which stack failed, and why."""
    try:
        state = describe(stack)
        status = state.status if state else "not there"
    except CliError:  # whoever is signed out cannot ask; the cause says so
        status = "in a state that AWS does not tell"
    lines = (
        f"{stack.label} failed.",
        f"  stack: {stack.name} in {stack.region}, {status}",
        f"  cause: {' '.join(cause.split())}",
    )
    return "\n".join(lines)


def root_cause(stack: Stack) -> str:
    """The first failure of the stack's last operation; empty if CloudFormation shows none."""
    told = ask("cloudformation", "describe-stack-events", "--stack-name", stack.name, region=stack.region)
    resource = whole = ""
    for event in told["StackEvents"]:  # the newest first
        status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
        if event["PhysicalResourceId"] == event["StackId"]:
            if status in STARTS:
                break
            whole = reason or whole  # e.g. an export in use, which is no resource's failure
        elif status.endswith("_FAILED") and not CANCELLED.match(reason):
            resource = f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
    return resource or whole


def why(stack: Stack, error: CliError) -> str:
    """Why `aws cloudformation deploy` failed: the first failed resource, or why it was not begun."""
    if "Failed to create/update the stack" in str(error):
        return root_cause(stack) or str(error)
    if "Failed to create the changeset" in str(error):
        return f"{str(error).rpartition('Reason: ')[2]} {_validation(stack)}"
    return str(error)


def _validation(stack: Stack) -> str:
    """What CloudFormation's validation of the last change set found, which no stack event tells (T14)."""
    try:
        events = ask(
            "cloudformation", "describe-events", "--stack-name", stack.name, "--filters", "FailedEvents=true",
            region=stack.region,
        )["OperationEvents"]  # fmt: skip
    except CliError:  # a CLI older than the command
        return ""
    found = [event for event in events if event.get("ValidationStatusReason")]
    latest = max((event["Timestamp"] for event in found), default="")
    operations = {event["OperationId"] for event in found if event["Timestamp"] == latest}
    return "; ".join(
        f"{event.get('LogicalResourceId', stack.name)}: {event['ValidationStatusReason']}"
        for event in found
        if event["OperationId"] in operations
    )
