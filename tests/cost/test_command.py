"""`make cost` as people and machines read it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as xml
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from retail.ops.cost import narrative, page, prices, templates
from tests.emitted import FILES, ROOT
from tests.integration.programs import run


@cache
def cost(*arguments: str) -> CompletedProcess[str]:
    return run("retail.ops.cost", *arguments, directory=ROOT, environment={})


def test_the_table_is_plain_text_that_shows_each_line_with_quantity_price_and_source() -> None:
    done = cost()
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    rows = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "01 NAT gateway 1,460 hour 0.045 65.70 floor 2" in rows
    assert "03 requests through the web ACL 2,000,000 request 0.60 per million 1.20 scales 6" in rows


def test_the_stacks_stand_beside_the_narratives_table() -> None:
    rows = [line.split() for line in cost().stdout.splitlines()]
    shown = {row[0]: row[-2] for row in rows if row and row[0] in FILES and len(row) == 6}
    assert shown == {
        "01-networking": "70",
        "02-security": "2",
        "03-ingress": "42",
        "04-application": "34",
        "05-data": "145",
        "06-events": "3",
        "07-analytics": "73",
    }


def test_each_stack_that_is_a_tenth_off_the_narrative_is_explained_and_no_other() -> None:
    told = json.loads(cost("--json").stdout)
    off = {stack for stack, dollars in told["stacks"].items() if abs(dollars / told["narrative"][stack] - 1) > 0.10}
    assert told["reasons"].keys() == off
    assert "03-ingress" in off
    assert "18.25" in told["reasons"]["03-ingress"]


def test_a_reason_names_dollars_of_the_bill_and_never_a_part_that_costs_nothing() -> None:
    for sets in ((), ("--set", "CacheEngine=redis")):
        for stack, reason in json.loads(cost("--json", *sets).stdout)["reasons"].items():
            assert " 0.00" not in reason, stack


def test_the_totals_stand_with_and_without_what_a_parameter_switches() -> None:
    options = {each["parameter"]: each for each in json.loads(cost("--json").stdout)["options"]}
    assert options.keys() == {"EnableGlobalAccelerator", "EnableInterfaceEndpoints", "CacheEngine"}
    accelerator = options["EnableGlobalAccelerator"]
    assert accelerator["with_it"] - accelerator["without"] == pytest.approx(18.25 + 7.30 + 0.45)


def test_what_rests_on_memory_is_told_with_the_total() -> None:
    assert "dollars rest on prices from memory: re-check" in " ".join(cost().stdout.split())


def test_every_price_has_a_date_a_source_and_how_sure_it_is() -> None:
    for key, price in prices.read("us-east-1").items():
        assert price.usd > 0, key
        assert price.sure in ("read", "memory"), key
        assert price.source, key
        assert "2020-01-01" < price.date < "2027", key


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--profile", "busy"), "--profile busy: give idle, moderate, black-friday"),
        (
            ("--region", "eu-west-1"),
            "--region eu-west-1: prices.yaml has no price nat_hour for it; .venv/bin/python -m",
        ),
        (("--set", "CacheEngine=memcached"), "--set CacheEngine=memcached: give valkey or redis"),
        (("--set", "CacheEngine"), "--set CacheEngine: give Parameter=Value"),
        (
            ("--set", "CacheEngin=redis"),
            "--set CacheEngin: no template has this parameter; did you mean CacheEngine?",
        ),
    ],
)
def test_bad_input_is_told_in_one_line_with_the_mend(arguments: tuple[str, ...], told: str) -> None:
    done = cost(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"retail.ops.cost: {told}")
    assert done.stderr.count("\n") == 1


def test_page_and_picture_are_what_the_templates_cost_now() -> None:
    for path, content in page.rendered(templates.emitted()).items():
        assert path.read_text() == content, f"python -m retail.ops.cost --picture writes {path.relative_to(ROOT)}"


def test_the_picture_has_a_bar_for_the_narrative_and_each_profile_as_long_as_its_dollars() -> None:
    drawn = xml.fromstring(Path(page.DOCS / page.PICTURE).read_text())
    parts = drawn.findall("{*}rect[@height='34']")
    assert len(parts) == 4 * len(FILES)
    ends = [float(each.get("x", 0)) + float(each.get("width", 0)) for each in parts]
    starts = [float(each.get("x", 0)) for each in parts]
    lengths = [ends[at + len(FILES) - 1] - starts[at] for at in range(0, len(parts), len(FILES))]
    profiles = [json.loads(cost("--json", "--profile", name).stdout) for name in ("idle", "moderate", "black-friday")]
    told = [sum(narrative.TABLE.values()), *(each["dollars"] for each in profiles)]
    assert [length / lengths[0] for length in lengths] == pytest.approx([each / told[0] for each in told], rel=0.03)
