"""Change parameters of a stack that is deployed, and nothing else of it: its template stays what it is."""

from __future__ import annotations

from retail.ops import stacks
from retail.ops.cli import CliError, InputError
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
    try:
        stacks.give(stack, state_of(stack), **values)
    except CliError as error:
        if "No updates are to be performed" not in str(error):
            raise
