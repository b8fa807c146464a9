"""A plan as Markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from retail.ops.plan.changes import Change
from retail.ops.plan.report import WORDS, Plan
from retail.ops.plan.terminal import edits


def markdown(plan: Plan) -> str:
    """Errors and the gravest first, the whole of it folded away."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield f"### {_plain(plan.title)}\n"
    yield f"**{plan.summary}** {plan.cost_line}".rstrip()
    for finding in plan.unallowed:
        what = f"**{finding.stack} `{finding.logical_id}`, {finding.kind}.**"
        yield f"\n> [!CAUTION]\n> {what} {_plain(finding.message)}."
    for finding in (each for each in plan.findings if each.leave):
        yield (
            f"\n> [!WARNING]\n> **{finding.stack} `{finding.logical_id}`, {finding.kind}**, allowed: "
            f"{_plain(finding.leave)}. {_plain(finding.message)}."
        )
    for line in (*plan.stale, *plan.notes):
        yield f"\n> [!NOTE]\n> {_plain(line)}."
    if plan.changes:
        yield "\n| Stack | Resource | Type | |\n| --- | --- | --- | --- |"
        for change in sorted(plan.changes, key=lambda change: (change.stack, -change.action)):
            yield _row(change)
    if plan.changes or plan.others:
        yield "\n<details><summary>Every edit</summary>\n\n```diff"
        yield from (_diff(line.plain) for line in edits(plan))
        yield "```\n</details>"


def _row(change: Change) -> str:
    note = f": {_plain(change.note)}" if change.note else ""
    return f"| {change.stack} | `{change.logical_id}` | {change.type} | {WORDS[change.action]}{note} |"


def _diff(line: str) -> str:
    """A line as a diff has it, so that GitHub colours it."""
    marks = {"-/+": "-", "+": "+", "-": "-", "~": "!"}
    mark = marks.get(line.split(" ")[0] if not line.startswith(" ") else line.split()[0] if line.split() else "", " ")
    return "\n".join(f"{mark} {part}".rstrip() for part in line.split("\n"))


def _plain(words: str) -> str:
    """Text that Markdown leaves as it is, in a table too."""
    for sign in "\\`*_|<>[]":
        words = words.replace(sign, f"\\{sign}")
    return " ".join(words.split())
