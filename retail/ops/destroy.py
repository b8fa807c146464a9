"""Take the platform down: its stacks backwards, each waited for.

    python -m retail.ops.destroy --environment dev --confirm dev           # what holds data stays
    python -m retail.ops.destroy --environment dev --confirm dev --empty   # and is emptied: buckets, images, backups

It first says what would go, what would stay and what that costs. Without the confirmation it asks for the
environment's name on a terminal, and elsewhere exits with status 2. The status is 1 when a stack will not go. The key
is left alone: nothing that stays can be read without it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from retail.ops import cli, empty, interfaces, leftovers, protection, request, stacks, watch
from retail.ops.cli import InputError, Parser, say
from retail.ops.leftovers import Leftover
from retail.ops.progress import Progress
from retail.ops.request import Where
from retail.ops.stacks import Stack

PROGRAM = "retail.ops.destroy"

LOST = (
    "Lost for good: what the cache holds, events under way, the dashboard, the alarms and their history. Of the "
    "database a snapshot stays. Addresses and the distribution's domain will be others next time."
)
EMPTIED = "Emptied as well, for good: every version in the buckets, every image, every recovery point of the vault."


def destroy(arguments: Sequence[str]) -> None:
    """Delete what the command line names. Raises InputError unconfirmed, StackError if a stack stays."""
    parser = Parser(prog=f"python -m {PROGRAM}", description="Take the platform down.")
    request.add_place(parser)
    parser.add_argument("--confirm", default="", metavar="ENVIRONMENT", help="the environment again")
    parser.add_argument("--empty", action="store_true", help="empty buckets, image repository and backup vault as well")
    asked = parser.parse_args(arguments)
    where = request.where(asked)
    cli.check_tool()
    platform = stacks.platform(where.project, where.environment, where.region)
    backwards = list(reversed(platform.values()))
    say(forecast(backwards, emptied=asked.empty))
    confirm(where, asked.confirm)
    cli.check_credentials(where.region)

    left: list[Leftover] = []
    try:
        for stack in backwards:
            take_down(stack, platform[stacks.NETWORKING], left, emptied=asked.empty)
        say(f"{where.project}-{where.environment} is gone from {where.region}.")
    finally:
        # Also where one will not go: of a stack that is gone the next run knows nothing.
        if commands := list(leftovers.removals(left)):
            say("\n".join(["This is left, and is removed by:", *(f"  {command}" for command in commands)]))


def confirm(where: Where, given: str) -> None:
    """Raises InputError unless the environment was named again, on the command line or on the terminal."""
    if not given and sys.stdin.isatty():
        account = cli.check_credentials(where.region)
        with suppress(EOFError):  # Ctrl-D
            given = input(f"Type {where.environment} to delete all this from account {account}: ").strip()
    if given != where.environment:
        raise InputError(f"nothing is deleted without --confirm {where.environment}")


def forecast(backwards: list[Stack], *, emptied: bool) -> str:
    """What would be deleted, in order, what would stay of it, and what that goes on costing."""
    lines = ["This would be deleted, in this order:"]
    kinds: Counter[str] = Counter()
    for stack in backwards:
        left = leftovers.kept(stack)
        kinds.update(left.values())
        lines.append(f"  {stack.name} in {stack.region}; it leaves {', '.join(left) or 'nothing'}")
    lines += [LOST, *([EMPTIED] if emptied else []), "What stays goes on costing:"]
    lines += [f"- {count} {kind}: {leftovers.COSTS[kind]}" for kind, count in sorted(kinds.items())]
    return "\n".join([*lines, "What has a fixed name is imported or removed before a later deployment."])


def take_down(stack: Stack, networking: Stack, left: list[Leftover], *, emptied: bool) -> None:
    """Delete one stack, its protections first, and add what it leaves to what is left."""
    state = stacks.settled(stack)
    if state is None:
        say(f"{stack.label}: not there")
        return
    leaves = leftovers.of_stack(stack)
    if stack.title in (stacks.SECURITY, stacks.NETWORKING):
        interfaces.release(networking)
    progress = Progress()
    progress.begin(stack.label, stack.title, new=False)
    # What never came to be has nothing to protect, and cannot be updated.
    if state.parameters.get(protection.DELETION) == "true" and state.status in stacks.UPDATABLE:
        stacks.give(stack, state, **{protection.DELETION: "false"})
    if state.is_protected:
        protection.switch(stack, on=False)
    with watch.watching(stack, progress.at):
        stacks.delete(stack)
    left += leaves
    progress.end("deleted")
    if emptied:
        empty.empty([(each.kind, each.name) for each in leaves], stack.region)


def main() -> int:
    """Destroy as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: destroy(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
