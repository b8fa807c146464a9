"""What the documents name is there: files, anchors, alarms, resources, records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emitted import FILES, ROOT, everywhere, template

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """A page without its code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def links(page: Path) -> Iterator[str]:
    """Where a page's links lead, those to the web left out."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", link):
            yield link


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        aim = (page.parent / path).resolve() if path else page
        if not aim.exists() or (anchor and anchor not in anchors(aim)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    assert broken(page) == []


def test_a_link_to_a_missing_file_or_heading_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One heading\n[a](page.md#one-heading) [b](#two) [c](gone.md) [d](https://example.com/x)\n")
    assert broken(page) == ["#two", "gone.md"]


def test_the_table_of_what_fails_names_every_alarm_and_none_that_there_is_not() -> None:
    failing = ARCHITECTURE.split("## When a part fails")[1].split("## Security")[0]
    there = {title for _, title, _ in everywhere("AWS::CloudWatch::Alarm")}
    cells = [row.split("|")[-2] for row in failing.splitlines() if row.startswith("|")]
    rules = {title for _, title, _ in everywhere("AWS::Events::Rule")}
    named = {name for cell in cells for name in re.findall(r"`([A-Z]\w+)`", cell)}
    assert there - named == set()
    assert named - there - rules == set()


def test_every_resource_that_the_page_names_is_in_a_template() -> None:
    written = re.sub(r"<!-- make docs: \w+ -->.*?<!-- end -->", "", ARCHITECTURE, flags=re.DOTALL)
    named = set(re.findall(r"`([A-Z]\w+[a-z])`", written))
    known = {title for name in FILES for section in ("Resources", "Parameters") for title in template(name)[section]}
    assert named - known == set()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_a_status_a_context_a_decision_and_a_road_not_taken_in_forty_lines(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert text.startswith(f"# {record.name[:4]}: ")
    assert re.search(r"^Status: (accepted|superseded)", text, flags=re.MULTILINE)
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert headings[0] == "Context"
    assert {"Decision", headings[-1]} <= set(headings)
    assert headings[-1] in ("The road not taken", "Roads not taken")
    assert len(text.splitlines()) <= 40


def test_the_records_are_numbered_without_a_gap_and_stand_in_their_index() -> None:
    assert [record.name[:4] for record in RECORDS] == [f"{number:04}" for number in range(1, len(RECORDS) + 1)]
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    for record in RECORDS:
        title = record.read_text(encoding="utf-8").splitlines()[0].removeprefix(f"# {record.name[:4]}: ")
        assert f"| [{record.name[:4]}]({record.name}) | {title} |" in index
