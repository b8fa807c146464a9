"""A plan for people at a terminal, in the symbols and colours of Terraform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from rich.console import Console
from rich.text import Text

from retail.ops.plan.allowed import FILE
from retail.ops.plan.changes import ABSENT, Action, Change, Edit, Other
from retail.ops.plan.guards import name_taken
from retail.ops.plan.report import SYMBOLS, WORDS, Plan
from retail.ops.plan.show import both

STYLES = {
    Action.RECORD: "dim",
    Action.UPDATE: "yellow",
    Action.MAY_REPLACE: "red",
    Action.REPLACE: "red",
    Action.CREATE: "green",
    Action.DELETE: "red",
}


def show(plan: Plan, file: IO[str]) -> None:
    """Print the plan; rich leaves the colours out where nobody sees them, and for NO_COLOR."""
    console = Console(file=file, highlight=False, soft_wrap=True)
    for line in lines(plan):
        console.print(line)


def lines(plan: Plan) -> Iterator[Text]:
    """The plan, line by line."""
    yield Text(plan.title, "bold")
    yield from edits(plan)
    for note in plan.notes:
        yield Text(f"\nNote: {note}")
    for finding in plan.findings:
        where = f"{finding.stack} {finding.logical_id}"
        if finding.leave:
            yield Text.assemble(("\nAllowed: ", "bold yellow"), f"{where}, {finding.kind}: {finding.leave}")
        else:
            yield Text.assemble(("\nError: ", "bold red"), (f"{where}, {finding.kind}", "bold"))
        yield Text(f"  {finding.message}.")
    for line in plan.stale:
        yield Text.assemble(("\nStale: ", "bold yellow"), line)
    yield Text("")
    if plan.cost_line:
        yield Text(plan.cost_line)
    yield Text(plan.summary, "bold")
    if plan.unallowed:
        yield Text(f"Each error needs another way, or an entry in {FILE} with its reason.")


def edits(plan: Plan) -> Iterator[Text]:
    """What changes, stack by stack."""
    for stack in plan.stacks:
        yield Text(f"\n{stack}", "bold")
        for change in (each for each in plan.changes if each.stack == stack):
            yield from _change(change)
        for other in (each for each in plan.others if each.stack == stack):
            yield _other(other)


def _change(change: Change) -> Iterator[Text]:
    style = STYLES[change.action]
    note = f"  ({change.note})" if change.note else ""
    yield Text.assemble(
        (f"  {SYMBOLS[change.action]:>3} {change.logical_id}", style), f"  {change.type} {WORDS[change.action]}{note}"
    )
    for edit in change.edits:
        yield _edit(edit)
    if taken := name_taken(change):
        yield Text(f"        {taken}", "red")


def _edit(edit: Edit) -> Text:
    before, after = both(edit.before, edit.after)
    if edit.because:
        words = f"{edit.dotted}: {edit.because}"
    elif edit.before is ABSENT:
        words = f"{edit.dotted}: {after}"
    elif edit.after is ABSENT:
        words = f"{edit.dotted}: {before}"
    else:
        words = f"{edit.dotted}: {before} -> {after}"
    symbol = "+" if edit.before is ABSENT else "-" if edit.after is ABSENT else "~"
    consequence = {Action.REPLACE: "  # forces replacement", Action.MAY_REPLACE: "  # may force replacement"}
    style = {"+": "green", "-": "red", "~": "yellow"}[symbol] if edit.action is not Action.RECORD else "dim"
    return Text.assemble((f"        {symbol} ", style), words, (consequence.get(edit.action, ""), "red"))


def _other(other: Other) -> Text:
    before, after = both(other.before, other.after)
    words = {Action.CREATE: after, Action.DELETE: before}.get(other.action, f"{before} -> {after}")
    value = f": {words}" if other.section != "template" else ""
    note = f"  ({other.note})" if other.note else ""
    symbol = SYMBOLS[other.action] if other.action is not Action.RECORD else "~"
    named = f"{other.section} {other.name}".rstrip()
    return Text.assemble((f"  {symbol:>3} {named}", STYLES[other.action]), f"{value}{note}")
