"""The runbooks: whoever is called finds the page, and the page speaks of what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.emitted import FILES, ROOT, everywhere, resources

RUNBOOKS = ROOT / "docs" / "runbooks"
DRILLS = ROOT / "retail" / "ops" / "drills"
PAGES = sorted(RUNBOOKS.rglob("*.md"))
ALARMS = [
    (logical_id, settings)
    for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    for _, logical_id, settings in everywhere(kind)
]

NAMED = re.compile(r" Runbook: (docs/runbooks/alarms/[a-z-]+\.md)$")


def page_of(settings: dict[str, str]) -> str:
    """The page that an alarm's description ends with."""
    found = NAMED.search(settings["AlarmDescription"])
    assert found, settings["AlarmDescription"]
    return found[1]


@pytest.mark.parametrize(("logical_id", "settings"), ALARMS, ids=[logical_id for logical_id, _ in ALARMS])
def test_every_alarm_names_a_page_that_is_there(logical_id: str, settings: dict[str, str]) -> None:
    assert (ROOT / page_of(settings)).is_file()


def test_every_page_is_named_by_an_alarm_or_is_that_of_a_drill() -> None:
    named = {page_of(settings) for _, settings in ALARMS}
    named |= {f"docs/runbooks/{path.stem}.md" for path in DRILLS.glob("*.py") if "def main()" in path.read_text()}
    assert {path.relative_to(ROOT).as_posix() for path in PAGES} - {"docs/runbooks/README.md"} == named


def test_the_index_leads_to_every_page() -> None:
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([a-z/-]+\.md)\)", index)) == {
        path.relative_to(RUNBOOKS).as_posix() for path in PAGES if path.name != "README.md"
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_s_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_looks_up_in_a_stack_is_made_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    files = {name.partition("-")[2]: name for name in FILES}
    asked = re.findall(r"made ([a-z-]+) ([A-Z]\w+)", text)
    assert [(stack, made) for stack, made in asked if made not in resources(files[stack])] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_can_be_read_at_night(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert all(len(line) <= 120 for line in lines)
    assert len(lines) <= (60 if page.name == "README.md" else 30)
