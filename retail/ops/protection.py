"""What keeps a stack, and what holds data in it, from going by accident once it is there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from retail.ops import emitted, stacks
from retail.ops.cli import CliError, aws, say
from retail.ops.plan import policies, read
from retail.ops.stacks import Stack, State

DELETION = "DeletionProtection"
"""The parameter by which what holds data, or the shop's way in, refuses to be deleted."""

PROTECTED = ("prod",)
"""The environments whose stacks refuse to be deleted until destroy says otherwise."""


def allowed_in(title: str) -> set[str]:
    """The logical ids of a stack whose replacement or removal is allowed today. Raises InputError."""
    from retail.ops.plan import allowed  # here, as it leads to cfn-lint: a wrong option is told half a second sooner

    return allowed.replaceable(title, datetime.now(UTC).date())


@contextmanager
def loosened(stack: Stack, state: State | None, allowing: Collection[str]) -> Iterator[None]:
    """For the update within, let the stack policy pass what is allowed, and nothing more if it fails. Raises CliError.

    The policy is that of the template in force: of what the new one drops, it knows nothing.
    """
    if state is None or not allowing:
        yield
        return
    in_force = stacks.template(stack)
    _set_policy(stack, in_force, state, allowing)
    say(f"{stack.label}: {', '.join(sorted(allowing))} may be replaced or removed by this update")
    try:
        yield
    except BaseException:
        _set_policy(stack, in_force, state)
        raise


def protect(stack: Stack, environment: str) -> None:
    """Set the stack policy of the deployed template, and termination protection where the environment has it.

    A word, and no stop, where that is denied: what was deployed works without.
    """
    try:
        state = stacks.describe(stack)
        _set_policy(stack, stack.template.read_text(encoding="utf-8"), state)
        if environment in PROTECTED and not (state and state.is_protected):
            switch(stack, on=True)
            say(f"{stack.label}: protected from deletion")
    except CliError as error:
        say(f"{stack.label}: not protected: {error}")


def of_data(stack: Stack, given: Mapping[str, str]) -> dict[str, str]:
    """Whether what the stack makes is to refuse deletion, as its parameter: as given, else by the template.

    Not while it is made: what refuses deletion cannot be rolled back, and the stack would be stuck (T13).
    """
    parameter = emitted.read(stack.template).parameters.get(DELETION)
    if parameter is None or stack.title == stacks.INGRESS_WAF:
        return {}
    return {DELETION: given.get(DELETION, parameter["Default"])}


def switch(stack: Stack, *, on: bool) -> None:
    """Switch a stack's termination protection. Raises CliError."""
    flag = "--enable-termination-protection" if on else "--no-enable-termination-protection"
    aws("cloudformation", "update-termination-protection", flag, "--stack-name", stack.name, region=stack.region)


def _set_policy(stack: Stack, template: str, state: State | None, allowing: Collection[str] = ()) -> None:
    body = policies.body(read.parsed(template, stack.name), allowing, state.parameters if state else {})
    aws(
        "cloudformation", "set-stack-policy", "--stack-name", stack.name, "--stack-policy-body", body,
        region=stack.region,
    )  # fmt: skip
