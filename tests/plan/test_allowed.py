"""A guarded change passes by an entry of the allow-list only: named, reasoned, and for a time."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from retail.ops.cli import InputError
from retail.ops.plan.allowed import FILE, entries, judged, replaceable
from retail.ops.plan.changes import Finding
from tests.emitted import ROOT

TODAY = date(2026, 6, 15)
COMMIT = "1a2b3c4d5e6f"
FINDING = Finding("05 data", "CartTable", "replacement", "it goes")

WHOLE = """
- stack: data
  logical_id: CartTable
  change: replacement
  reason: carts live for a day
  until: 2026-06-15
"""


def listed(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "allowed-changes.yaml"
    path.write_text(f"allowed:{text}")
    return path


def leave(tmp_path: Path, text: str, *, finding: Finding = FINDING, today: date = TODAY, commit: str = COMMIT) -> str:
    [only], _ = judged([finding], entries(listed(tmp_path, text)), today, commit)
    return only.leave


def test_an_entry_allows_the_change_that_it_names_with_its_reason(tmp_path: Path) -> None:
    assert leave(tmp_path, WHOLE) == "carts live for a day"


@pytest.mark.parametrize(
    ("old", "new"), [("CartTable", "Database"), ("replacement", "removal"), ("stack: data", "stack: events")]
)
def test_an_entry_allows_nothing_else(tmp_path: Path, old: str, new: str) -> None:
    assert leave(tmp_path, WHOLE.replace(old, new)) == ""


def test_an_entry_for_ingress_holds_for_both_of_its_stacks(tmp_path: Path) -> None:
    text = WHOLE.replace("stack: data", "stack: ingress")
    for stack in ("03 ingress", "03 ingress-waf"):
        assert leave(tmp_path, text, finding=Finding(stack, "CartTable", "replacement", "")) != ""


def test_after_its_last_day_an_entry_allows_nothing_and_the_error_says_so(tmp_path: Path) -> None:
    told, stale = judged([FINDING], entries(listed(tmp_path, WHOLE)), date(2026, 6, 16), COMMIT)
    assert [each.leave for each in told] == [""]
    assert told[0].message.endswith("(entry 1 (data CartTable, replacement) does not allow it: it ended on 2026-06-15)")
    assert stale == []


BOUND = WHOLE.replace("until: 2026-06-15", "revision: 1a2b3c4")


def test_an_entry_with_a_revision_holds_against_that_revision_alone(tmp_path: Path) -> None:
    assert leave(tmp_path, BOUND) == "carts live for a day"
    assert leave(tmp_path, BOUND, commit="ffffffffffff") == ""
    assert leave(tmp_path, BOUND, commit="") == ""
    of_digits = BOUND.replace("1a2b3c4", "0123456")  # as a number it would be another
    assert leave(tmp_path, of_digits, commit="0123456fffff") == "carts live for a day"


def test_an_entry_that_matches_nothing_is_told_as_stale(tmp_path: Path) -> None:
    _, stale = judged([], entries(listed(tmp_path, WHOLE)), TODAY, COMMIT)
    assert stale == [
        "environments/allowed-changes.yaml: entry 1 (data CartTable, replacement) matches nothing here; "
        "remove it once it is done everywhere"
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("reason: carts live for a day", "reason: ' '", "entry 1: reason is missing"),
        ("  logical_id: CartTable\n", "", "entry 1: logical_id is missing"),
        ("replacement", "replace", "entry 1: change replace: give one of type, replacement, removal"),
        ("until: 2026-06-15", "until: soon", "entry 1: until soon: give a day"),
        ("  until: 2026-06-15\n", "", "entry 1: give either until"),
        ("until: 2026-06-15", "until: 2026-06-15\n  revision: 1a2b3c4", "entry 1: give either until"),
        ("until: 2026-06-15", "revision: 1a2b", "entry 1: revision 1a2b: give 7 digits"),
        ("reason:", "raeson:", "entry 1: raeson is unknown; say reason"),
    ],
)
def test_what_is_no_entry_is_refused_by_its_number_and_with_the_mend(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in WHOLE
    with pytest.raises(InputError) as refused:
        entries(listed(tmp_path, WHOLE.replace(old, new)))
    assert words in str(refused.value)


@pytest.mark.parametrize("text", [" 5", " [1, 2]", "\n  data: x", " [", "\nothers: []", " []\nallowed: []"])
def test_what_is_no_list_of_entries_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as refused:
        entries(listed(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_the_projects_own_list_is_read() -> None:
    assert all(each.reason for each in entries(ROOT / FILE))


def test_a_deployment_learns_what_it_may_replace_in_a_stack_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    FILE.parent.mkdir()
    other = WHOLE.replace("CartTable", "Database").replace("replacement", "encryption")
    FILE.write_text(f"allowed:{WHOLE}{other}")
    assert replaceable("data", TODAY) == {"CartTable"}
    assert replaceable("events", TODAY) == set()
    assert replaceable("data", date(2026, 6, 16)) == set()
