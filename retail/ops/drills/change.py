"""Change parameters of a stack that is deployed, and nothing else of it: its template stays what it is."""

from __future__ import annotations

from retail.ops import stacks
from retail.ops.cli import CliError, InputError, StackError, aws
from retail.ops.stacks import Stack, State


def state_of(stack: Stack) -> State:
    """The stack's state, once what is under way there has ended. Raises InputError if it cannot be updated."""
    state = stacks.settled(stack)
    if state is None or state.status in stacks.NEVER_MADE:
        raise InputError(
            f"--environment: there is no stack {stack.name} in {stack.region}; deploy {stack.number} first"
        )
    if state.status.endswith("_FAILED"):
        raise InputError(f"--environment: {stack.name} is {state.status}; deploy {stack.number} first")
    return state


def change(stack: Stack, **values: str) -> None:
    """Give parameters other values and wait; none is fine too. Raises StackError with the cause if it fails."""
    names = state_of(stack).parameters
    try:
        aws(
            "cloudformation", "update-stack",
            "--stack-name", stack.name,
            "--use-previous-template",
            "--capabilities", "CAPABILITY_NAMED_IAM",
            "--parameters", *(
                f"ParameterKey={name},"
                + (f"ParameterValue={values[name]}" if name in values else "UsePreviousValue=true")
                for name in names
            ),
            region=stack.region,
        )  # fmt: skip
    except CliError as error:
        if "No updates are to be performed" in str(error):
            return
        raise
    after = stacks.settled(stack)
    if after is None or after.status != "UPDATE_COMPLETE":
        raise StackError(stacks.failure(stack, stacks.root_cause(stack)))
