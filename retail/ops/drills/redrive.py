"""Redrive failed messages of one queue, once the cause is mended: all of them, or those that a filter takes.

    python -m retail.ops.drills.redrive --environment dev --queue order-processing --dry-run
    python -m retail.ops.drills.redrive --environment dev --queue order-processing --all
    python -m retail.ops.drills.redrive --environment dev --queue inventory-update --type InventoryReserved --rate 20
    python -m retail.ops.drills.redrive --environment dev --queue order-processing --where detail.customer_id=c-17

Each message is sent to where it failed and only then deleted, so that none is lost wherever this is interrupted. One
may then come twice, which its function knows by the event's id. SQS's own StartMessageMoveTask moves all or nothing,
so it would be a second way for the simplest case only.

The exit status is 1 when AWS refuses a message, which then stays, and 2 when something given is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from retail.ops.cli import InputError, StackError, say
from retail.ops.drills import letters, place
from retail.ops.drills.letters import Wanted
from retail.ops.drills.pile import Pile
from retail.ops.drills.place import Place
from retail.ops.drills.queues import QUEUES
from retail.ops.drills.sender import Sender, parcels

PROGRAM = "retail.ops.drills.redrive"

LEAST_RATE, MOST_RATE = 0.1, 3_000
"""Slower than this, a message of a batch would be visible again before its turn."""

SAY_EACH = 100


def redrive(where: Place, name: str, wanted: Wanted, rate: float) -> None:
    """Send back what is wanted. Raises StackError if some were refused."""
    queue, started = QUEUES[name], time.monotonic()
    sender = Sender(where, queue, rate)
    done = refused = again = 0
    with Pile(where.client("sqs"), where.made(queue.stack, queue.title)) as pile:
        for batch in pile.batches():
            again += sum(sender.has_sent(letter) for letter in batch)
            now = datetime.now(UTC)
            fitting = [each for each in batch if wanted.takes(each, now) and not sender.has_sent(each)]
            for parcel in parcels(fitting):
                accepted = sender.send(parcel)
                pile.take(accepted)
                if (done + len(accepted)) // SAY_EACH > done // SAY_EACH:
                    say(f"{name}: {done + len(accepted)} redriven ...")
                done += len(accepted)
                refused += len(parcel) - len(accepted)
        left = pile.left()
    say(f"{name}: {done} redriven to {queue.returns_to} in {time.monotonic() - started:.1f} s, {left} left")
    if again:
        say(f"{name}: {again} of them have failed again and lie there anew: their cause is not mended")
    if refused:
        raise StackError(f"{name}: {refused} messages were refused by {queue.returns_to} and stay; see --dry-run")


def preview(where: Place, name: str, wanted: Wanted) -> None:
    """Say which messages are wanted, and leave them."""
    queue, now = QUEUES[name], datetime.now(UTC)
    with Pile(where.client("sqs"), where.made(queue.stack, queue.title)) as pile:
        fitting = [letter for batch in pile.batches() for letter in batch if wanted.takes(letter, now)]
        there = pile.left()
    say(f"{name}: {len(fitting)} of {there} messages would go to {queue.returns_to}")
    for line in letters.summary(fitting, queue, now):
        say(line)


def drill(arguments: Sequence[str]) -> None:
    """Check what is asked, then do it."""
    parser = place.parser(PROGRAM, "Redrive failed messages.", "show the messages that would go, and leave them")
    parser.add_argument("--queue", default="", metavar="NAME", help=", ".join(QUEUES))
    parser.add_argument("--all", action="store_true", help="every message of the queue")
    parser.add_argument("--type", default="", help="only events of this type")
    parser.add_argument("--event-id", default="", help="only this event")
    parser.add_argument("--order-id", default="", help="only events of this order")
    parser.add_argument("--older-than", default="", metavar="SPAN", help="only what failed first so long ago: 15m, 2h")
    parser.add_argument("--younger-than", default="", metavar="SPAN", help="only what is younger: 15m, 2h")
    parser.add_argument("--where", action="append", default=[], metavar="PATH=VALUE", help="e.g. detail.sku=KET-1")
    parser.add_argument("--rate", type=float, default=50.0, metavar="N", help="messages a second at the most (50)")
    asked = parser.parse_args(arguments)
    wanted = filters(asked)
    if asked.queue not in QUEUES:
        raise InputError(f"--queue {asked.queue or 'is missing'}: give one of {', '.join(QUEUES)}")
    if not LEAST_RATE <= asked.rate <= MOST_RATE:
        raise InputError(f"--rate {asked.rate:g}: give {LEAST_RATE} to {MOST_RATE} messages a second")
    is_filtered = wanted != Wanted({})
    if asked.all and is_filtered:
        raise InputError("--all and a filter: give the one or the other")
    if not (asked.all or is_filtered or asked.dry_run):
        raise InputError("nothing is redriven: say ONLY=--all, or a filter; DRY_RUN=yes shows first")
    where = place.of(asked)
    if asked.dry_run:
        preview(where, asked.queue, wanted)
    else:
        redrive(where, asked.queue, wanted, asked.rate)


def filters(asked: argparse.Namespace) -> Wanted:
    """The messages that the command line asks for. Raises InputError."""
    values = {}
    for condition in asked.where:
        path, equals, value = condition.partition("=")
        if not (path and equals):
            raise InputError(f"--where {condition}: give PATH=VALUE, such as detail.sku=KET-1")
        values[path] = value
    named = {"detail-type": asked.type, "detail.event_id": asked.event_id, "detail.order_id": asked.order_id}
    return Wanted(
        values | {path: value for path, value in named.items() if value},
        oldest=letters.span("--younger-than", asked.younger_than),
        youngest=letters.span("--older-than", asked.older_than),
    )


def main() -> int:
    """Redrive as the command line says; returns the exit status."""
    return place.exit_status(PROGRAM, lambda: drill(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
