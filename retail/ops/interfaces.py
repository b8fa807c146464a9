"""What stands in the network and belongs to no stack: Lambda's interfaces, and Global Accelerator's group."""

from __future__ import annotations

import time

from retail.ops import stacks
from retail.ops.cli import CliError, StackError, ask, aws, say
from retail.ops.stacks import Stack

ACCELERATORS_GROUP = "GlobalAccelerator"
"""How Global Accelerator names the group that it makes in a VPC, and leaves there (T103)."""

POLL_SECONDS = 10
LONGEST_SECONDS = 60 * 60


def release(networking: Stack) -> None:
    """Wait until Lambda has let go of the subnets, and remove the group that Global Accelerator has left.

    Raises StackError if Lambda does not let go within an hour.
    """
    state = stacks.describe(networking)
    vpc = state and state.outputs.get("VpcId")
    if not vpc:
        return
    await_lambda(vpc, networking.region)
    groups = ask("ec2", "describe-security-groups", *_in(vpc), region=networking.region)["SecurityGroups"]
    for group in (each["GroupId"] for each in groups if each["GroupName"] == ACCELERATORS_GROUP):
        try:
            aws("ec2", "delete-security-group", "--group-id", group, region=networking.region)
        except CliError as error:
            say(f"{group}, which Global Accelerator has left in {vpc}, does not go: {error}")
        else:
            say(f"{group}, which Global Accelerator has left in {vpc}, deleted")


def await_lambda(vpc: str, region: str) -> None:
    """Wait for the end of Lambda's interfaces, with a word."""
    deadline = time.monotonic() + LONGEST_SECONDS
    told = 0
    while left := _of_lambda(vpc, region):
        if left != told:
            say(f"Lambda still holds {left} interfaces in {vpc}, usually for 20 to 40 minutes; waiting")
            told = left
        if time.monotonic() > deadline:
            raise StackError(f"Lambda still holds {left} interfaces in {vpc} after an hour; run this again later")
        time.sleep(POLL_SECONDS)


def _of_lambda(vpc: str, region: str) -> int:
    told = ask("ec2", "describe-network-interfaces", *_in(vpc), region=region)["NetworkInterfaces"]
    return sum(each.get("InterfaceType") == "lambda" for each in told)


def _in(vpc: str) -> list[str]:
    return ["--filters", f"Name=vpc-id,Values={vpc}"]
