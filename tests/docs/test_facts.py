"""The facts of AWS that the project cites by number stand in docs/facts.md, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.emitted import ROOT

PAGE = ROOT / "docs" / "facts.md"
FOLDERS = (".ci", "docs", "environments", "lambdas", "out", "retail", "templates", "tests")
CODE = {".css", ".guard", ".html", ".ini", ".js", ".json", ".mako", ".py", ".sql", ".toml", ".yaml", ".yml"}
TEXT = {*CODE, ".md", ".svg", ".txt"}
NAMED = {"Dockerfile", "Makefile", "run"}

NO_CITATION = re.compile(r'"T\d+"|T\d\d:\d\d')
"""A tracking number, a time of day."""

CITED = re.compile(r"\bT([1-9]\d{0,2})(?:-T([1-9]\d{0,2}))?\b")
"""One fact, or the first and last of several."""


def files() -> Iterator[Path]:
    """Every text that could cite a fact."""
    found = [*ROOT.iterdir(), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    for path in found:
        if path.is_file() and (path.suffix in TEXT or path.name in NAMED) and path not in (PAGE, Path(__file__)):
            yield path


def cited(text: str) -> set[int]:
    """The numbers that a text cites; a range is all that lie in it."""
    found = CITED.findall(NO_CITATION.sub("", text))
    return {number for first, last in found for number in range(int(first), int(last or first) + 1)}


def rows() -> list[list[str]]:
    """The page's rows of facts, as cells: number, fact, source."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| <a ")]


def told() -> list[int]:
    """The numbers of the page, in its order."""
    return [int(re.sub(r'^<a id="t(\d+)"></a>T\1$', r"\1", number)) for number, *_ in rows()]


def test_a_citation_is_told_from_a_time_and_a_tracking_number() -> None:
    assert cited('(T94), T40-T42: and T9: roles; "T1" 2026-01-01T10:00:00Z') == {9, 40, 41, 42, 94}


def test_every_fact_that_is_cited_stands_on_the_page() -> None:
    known = set(told())
    unknown = {}
    for path in files():
        if missing := cited(path.read_text(encoding="utf-8")) - known:
            unknown[path.relative_to(ROOT).as_posix()] = missing
    assert unknown == {}


def test_every_fact_on_the_page_is_cited_somewhere() -> None:
    assert set(told()) - {number for path in files() for number in cited(path.read_text(encoding="utf-8"))} == set()


def test_each_fact_stands_once_in_the_order_of_the_numbers_and_names_its_source() -> None:
    assert told() == sorted(set(told()))
    assert [row for row in rows() if len(row) != 3 or not all(row)] == []
