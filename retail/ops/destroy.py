"""Take the platform down: its stacks backwards, each waited for.

    python -m retail.ops.destroy --environment dev --confirm dev

Without the confirmation it only says what would go and what would stay, and exits with status 2. The status
is 1 when a stack will not go.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from retail.ops import cli, emitted, stacks
from retail.ops.cli import InputError, Parser, StackError, aws, say
from retail.ops.stacks import Stack, State

PROGRAM = "retail.ops.destroy"

PROTECTION = "DeletionProtection"
"""The parameter of 03 and 05 by which load balancer and database refuse to be deleted (T136)."""

UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")

STAYS = (
    "The key, buckets, secrets, log groups and database snapshots stay, and are billed; the others cannot be "
    "read without the key. A later deployment imports or removes those that have a fixed name first (T215)."
)


def destroy(arguments: Sequence[str]) -> None:
    """Delete what the command line names. Raises InputError unconfirmed, StackError if a stack stays."""
    parser = Parser(prog=f"python -m {PROGRAM}", description="Take the platform down.")
    parser.add_argument("--environment", required=True, help="dev, staging or prod")
    parser.add_argument("--confirm", default="", metavar="ENVIRONMENT", help="the environment again")
    parser.add_argument("--project", default="retail", help="the first part of every name (retail)")
    parser.add_argument("--region", default="", help="the primary Region; else the one that the AWS CLI is set up for")
    asked = parser.parse_args(arguments)
    check_name(asked.project, asked.environment)
    cli.check_tool()
    region = cli.primary_region(asked.region)
    backwards = list(reversed(stacks.platform(asked.project, asked.environment, region).values()))
    if asked.confirm != asked.environment:
        say(forecast(backwards))
        raise InputError(f"nothing is deleted without --confirm {asked.environment}")
    cli.check_credentials(region)

    for stack in backwards:
        take_down(stack)
    say(f"{asked.project}-{asked.environment} is gone from {region}. {STAYS}")


def check_name(project: str, environment: str) -> None:
    """Raises InputError for what no template would have taken."""
    parameters = emitted.read(Stack("01", stacks.NETWORKING, "", "").template).parameters
    for name, value in (("Project", project), ("Environment", environment)):
        if mend := emitted.objection(parameters[name], value):
            raise InputError(f"--{name.lower()} {value}: {mend}")


def forecast(backwards: list[Stack]) -> str:
    """What would be deleted, in order, and what would stay of it."""
    lines = ["This would be deleted, in this order:"]
    for stack in backwards:
        lines.append(f"  {stack.name} in {stack.region}; it leaves {', '.join(left_by(stack))}")
    return "\n".join([*lines, STAYS])


def left_by(stack: Stack) -> list[str]:
    """The logical ids of what outlives the stack, and nothing where all goes."""
    scope = {stacks.INGRESS_WAF: "IsWaf", stacks.INGRESS: "IsCdn"}.get(stack.title)
    kept = emitted.read(stack.template).kept
    return [title for title, condition in kept.items() if scope in (None, condition)] or ["nothing"]


def take_down(stack: Stack) -> None:
    """Delete one stack, its deletion protection first."""
    state = stacks.settled(stack)
    if state is None:
        say(f"{stack.label}: not there")
        return
    started = time.monotonic()
    say(f"{stack.label} ...")
    # What never came to be has nothing to protect, and cannot be updated.
    if state.parameters.get(PROTECTION) == "true" and state.status in UPDATABLE:
        unprotect(stack, state)
    stacks.delete(stack)
    say(f"{stack.label} deleted in {time.monotonic() - started:.1f} s")


def unprotect(stack: Stack, state: State) -> None:
    """Switch deletion protection off, and nothing else."""
    aws(
        "cloudformation", "update-stack",
        "--stack-name", stack.name,
        "--use-previous-template",
        "--capabilities", "CAPABILITY_NAMED_IAM",
        "--parameters", *(
            f"ParameterKey={name},{'ParameterValue=false' if name == PROTECTION else 'UsePreviousValue=true'}"
            for name in state.parameters
        ),
        region=stack.region,
    )  # fmt: skip
    after = stacks.settled(stack)
    if after is None or after.status != "UPDATE_COMPLETE":
        raise StackError(stacks.failure(stack, stacks.root_cause(stack)))


def main() -> int:
    """Destroy as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: destroy(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
