"""The README is true of what is emitted."""

from __future__ import annotations

import re

import pytest

from retail.ops import describe
from tests.emitted import FILES, ROOT, template

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_tables_of_parameters_and_exports_are_those_of_the_emitted_files() -> None:
    assert describe.described(README, describe.templates()) == README


@pytest.mark.parametrize("name", FILES)
def test_every_alarm_stands_in_its_table(name: str) -> None:
    listed = re.findall(r"`(?:\.\.\.)?(\w+)`", README)
    for logical_id, resource in template(name)["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            assert any(logical_id.endswith(each) for each in listed), logical_id


def test_every_file_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?:^|`)make ([a-z]+)\b(?!-)", README, re.M))
    assert {"templates", "test", "deploy"} <= targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.M)] == []
