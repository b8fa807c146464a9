"""Replay the archive's events of a time span to the order and inventory rules, and see that nothing is done twice.

    python -m retail.ops.drills.replay --environment dev --from 2026-11-20T00:00Z --to 2026-11-21T00:00Z --dry-run
    python -m retail.ops.drills.replay --environment dev --from 2026-11-20T00:00Z --rule order-processing

The state is counted before and after by a task of the storefront's image: an event that was handled is known by its id,
so that both counts agree, unless the replay is to bring back what was lost. Customers are not told again: their rule
passes replayed events by. A run that was interrupted is carried on by the same command; the replay itself goes on in
AWS, and `aws events cancel-replay` ends it.

The exit status is 1 when a replay fails or the counts differ, and 2 when something given is wrong.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from retail.ops import stacks
from retail.ops.cli import InputError, StackError, say
from retail.ops.drills import count, place
from retail.ops.drills.count import NotCounted
from retail.ops.drills.place import Place

PROGRAM = "retail.ops.drills.replay"

RULES = {"order-processing": "OrderProcessing", "inventory-update": "InventoryUpdate"}
"""The pipelines that may see an event again. That of the customers' notifications never does."""

POLL_SECONDS = 2
GOING = ("STARTING", "RUNNING")

Counting = Callable[[Place, datetime], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Span:
    """Events from one moment to another, for some rules."""

    begin: datetime
    end: datetime
    rules: tuple[str, ...]
    is_until_now: bool = False  # no end was given

    def name(self, where: Place) -> str:
        """How replays of just this begin, so that one that goes on is found again, also when now is later."""
        asked = f"{self.begin.isoformat()} {'now' if self.is_until_now else self.end.isoformat()} {self.rules}"
        return f"{where.project}-{where.environment}-{hashlib.sha256(asked.encode()).hexdigest()[:8]}"


def replay(where: Place, span: Span, counting: Counting) -> None:
    """Replay, watch, wait for the functions, compare. Raises StackError if it fails or something was done twice."""
    events, as_of = where.client("events"), datetime.now(UTC)
    before = _count(where, as_of, counting, "before")
    name = _going(events, span.name(where)) or _start(where, events, span)
    _watch(events, name)
    _drained(where, span)
    if before is None:
        return
    after = counting(where, as_of)
    differing = [table for table in sorted(before) if before[table] != after.get(table)]
    if differing:
        for table in differing:
            say(f"  {table}: {before[table]} before, {after.get(table)} after (rows and their hash)")
        raise StackError(f"the replay has changed {', '.join(differing)}; right only if that was lost before")
    say(f"the state is unchanged: {', '.join(f'{each} {before[each].split()[0]}' for each in sorted(before))}")


def _count(where: Place, as_of: datetime, counting: Counting, when: str) -> dict[str, str] | None:
    try:
        say(f"counting the state {when} ...")
        return counting(where, as_of)
    except NotCounted as error:
        say(f"the state is not compared: {error}")
        return None


def _going(events: Any, prefix: str) -> str:
    """The name of such a replay that goes on already, or empty."""
    found = [each for each in events.list_replays(NamePrefix=prefix)["Replays"] if each["State"] in GOING]
    if found:
        say(f"replay {found[0]['ReplayName']} goes on; watching it")
    return str(found[0]["ReplayName"]) if found else ""


def _start(where: Place, events: Any, span: Span) -> str:
    name = f"{span.name(where)}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    # CloudFormation's ids of these are names, and a rule's has its bus before it.
    bus = events.describe_event_bus(Name=_name(where, "RetailEventBus"))["Arn"]
    events.start_replay(
        ReplayName=name,
        EventSourceArn=events.describe_archive(ArchiveName=_name(where, "RetailEventArchive"))["ArchiveArn"],
        EventStartTime=span.begin,
        EventEndTime=span.end,
        Destination={"Arn": bus, "FilterArns": [_rule(where, events, rule) for rule in span.rules]},
    )
    say(f"replay {name} started")
    return name


def _rule(where: Place, events: Any, rule: str) -> str:
    name = _name(where, f"{RULES[rule]}Rule").rpartition("|")[2]
    return str(events.describe_rule(Name=name, EventBusName=_name(where, "RetailEventBus"))["Arn"])


def _name(where: Place, logical_id: str) -> str:
    return where.made(stacks.EVENTS, logical_id).rpartition("/")[2]


def _watch(events: Any, name: str) -> None:
    shown = None
    while (state := events.describe_replay(ReplayName=name))["State"] in GOING:
        if (last := state.get("EventLastReplayedTime")) != shown:
            say(f"replay {name}: events until {last} are replayed ...")
            shown = last
        time.sleep(POLL_SECONDS)
    if state["State"] != "COMPLETED":
        raise StackError(f"replay {name} is {state['State']}: {state.get('StateReason', 'no reason is given')}")
    say(f"replay {name} is completed")


def _drained(where: Place, span: Span) -> None:
    """Wait until the rules' queues are empty twice in a row, as their counts are approximate."""
    sqs = where.client("sqs")
    queues = {rule: where.made(stacks.EVENTS, f"{RULES[rule]}Queue") for rule in span.rules}
    shown: dict[str, int] = {}
    empty = 0
    while empty < 2:
        waiting = {rule: _waiting(sqs, url) for rule, url in queues.items()}
        empty = 0 if any(waiting.values()) else empty + 1
        if waiting != shown and any(waiting.values()):
            say(f"waiting for the functions: {', '.join(f'{rule} {left}' for rule, left in waiting.items())} ...")
        shown = waiting
        time.sleep(POLL_SECONDS)
    say("the functions have worked off their queues")


def _waiting(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def drill(arguments: Sequence[str]) -> None:
    """Check what is asked, then do it."""
    parser = place.parser(PROGRAM, "Replay archived events.", "say what would be replayed, and replay nothing")
    parser.add_argument("--from", dest="begin", default="", metavar="TIME", help="e.g. 2026-11-20T00:00Z")
    parser.add_argument("--to", dest="end", default="", metavar="TIME", help="until then (now)")
    parser.add_argument("--rule", action="append", default=[], metavar="NAME", help=f"{', '.join(RULES)} (both)")
    asked = parser.parse_args(arguments)
    for rule in asked.rule:
        if rule not in RULES:
            raise InputError(f"--rule {rule}: give {' or '.join(RULES)}; customers are never told again")
    now = datetime.now(UTC)
    end = moment("--to", asked.end) if asked.end else now.replace(second=0, microsecond=0)
    rules = tuple(sorted(set(asked.rule))) or tuple(RULES)
    span = Span(moment("--from", asked.begin), end, rules, is_until_now=not asked.end)
    if not span.begin < span.end <= now:
        raise InputError(f"--from {asked.begin}: give a time before --to, which is not in the future")
    where = place.of(asked)
    archive = where.client("events").describe_archive(ArchiveName=_name(where, "RetailEventArchive"))
    days = archive.get("RetentionDays")  # for ever, if there is none
    if days and span.begin < now - timedelta(days=days):
        raise InputError(f"--from {asked.begin}: the archive goes back {days} days")
    if asked.dry_run:
        name = archive["ArchiveName"]
        say(f"would replay {span.begin.isoformat()} to {span.end.isoformat()} of {name} to {', '.join(span.rules)}")
    else:
        replay(where, span, count.count)


def moment(option: str, given: str) -> datetime:
    """A moment as the operator gives it. Raises InputError."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = datetime.min
    if found.tzinfo is None:
        raise InputError(f"{option} {given or 'is missing'}: give a time with its zone, such as 2026-11-20T00:00Z")
    return found.astimezone(UTC)


def main() -> int:
    """Replay as the command line says; returns the exit status."""
    return place.exit_status(PROGRAM, lambda: drill(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
