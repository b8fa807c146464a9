"""The changes that somebody has allowed, each with a reason and an end: environments/allowed-changes.yaml."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from retail.ops import handwritten
from retail.ops.cli import InputError
from retail.ops.plan.changes import Finding
from retail.ops.plan.guards import KINDS

FILE = Path("environments", "allowed-changes.yaml")

WANTED = ("stack", "logical_id", "change", "reason")
ENDS = ("until", "revision")


@dataclass(frozen=True, slots=True)
class Entry:
    """One allowed change."""

    number: int
    stack: str  # e.g. "data"
    logical_id: str  # of the resource; of the output where an export changes
    change: str  # one of KINDS
    reason: str
    until: date | None  # the last day of the leave
    revision: str  # or the commit against which it holds

    @property
    def label(self) -> str:
        """How a report names it."""
        return f"entry {self.number} ({self.stack} {self.logical_id}, {self.change})"

    def ended(self, today: date, compared: str) -> str:
        """Why the leave holds no more, or not here; empty if it holds. `compared` is a commit, or empty."""
        if self.until:
            return f"it ended on {self.until}" if today > self.until else ""
        if not compared:
            return "it is bound to a revision, which an environment has not: give it a date"
        return "" if compared.startswith(self.revision) else f"it holds against {self.revision} only"

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of this change, whenever."""
        stack = finding.stack.split(" ", 1)[-1].removesuffix("-waf")
        return (self.stack, self.logical_id, self.change) == (stack, finding.logical_id, finding.kind)


def entries(path: Path = FILE) -> list[Entry]:
    """The entries of the file; none where there is no file. Raises InputError for what is no entry."""
    if not path.exists():
        return []
    listed = handwritten.read(path)
    if not isinstance(listed, dict) or set(listed) != {"allowed"} or not isinstance(listed["allowed"] or [], list):
        raise InputError(f"{path}: it holds one list, allowed")
    return [_entry(f"{path}: entry {number}", number, each) for number, each in enumerate(listed["allowed"] or [], 1)]


def _entry(where: str, number: int, given: Any) -> Entry:
    if not isinstance(given, dict):
        raise InputError(f"{where} is no mapping; give {', '.join(WANTED)}, and until or revision")
    for key in given:
        if key not in (*WANTED, *ENDS):
            near = difflib.get_close_matches(str(key), (*WANTED, *ENDS), 1)
            raise InputError(f"{where}: {key} is unknown; {f'say {near[0]}' if near else 'remove it'}")
    for key in WANTED:
        if not str(given.get(key) or "").strip():
            raise InputError(f"{where}: {key} is missing; a change without it is not allowed")
    if given["change"] not in KINDS:
        raise InputError(f"{where}: change {given['change']}: give one of {', '.join(KINDS)}")
    until, revision = given.get("until"), str(given.get("revision") or "")
    if bool(until) == bool(revision):
        raise InputError(f"{where}: give either until, the last day, or revision, the commit compared with")
    if until and type(until) is not date:
        raise InputError(f"{where}: until {until}: give a day, such as 2026-12-31")
    if revision and len(revision) < 7:
        raise InputError(f"{where}: revision {revision}: give 7 digits of the commit at least")
    texts = {key: " ".join(str(given[key]).split()) for key in WANTED}
    return Entry(number, **texts, until=until, revision=revision)


def replaceable(title: str, today: date) -> set[str]:
    """The logical ids of a stack that a deployment may replace or remove today, by title. Raises InputError."""
    gone = ("replacement", "removal", "condition")
    mine = (entry for entry in entries() if entry.stack == title.removesuffix("-waf") and entry.change in gone)
    return {entry.logical_id for entry in mine if not entry.ended(today, "")}


def judged(
    findings: Iterable[Finding], listed: list[Entry], today: date, compared: str
) -> tuple[list[Finding], list[str]]:
    """The findings, those allowed with the reason; and a line for each entry that allows nothing here."""
    told, used = [], set()
    for finding in findings:
        for entry in (entry for entry in listed if entry.covers(finding)):
            if ended := entry.ended(today, compared):
                finding = replace(finding, message=f"{finding.message} ({entry.label} does not allow it: {ended})")
            else:
                finding = replace(finding, leave=entry.reason)
            used.add(entry.number)
        told.append(finding)
    stale = [
        f"{FILE}: {entry.label} matches nothing here; remove it once it is done everywhere"
        for entry in listed
        if entry.number not in used
    ]
    return told, stale
