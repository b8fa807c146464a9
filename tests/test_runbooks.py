"""The runbooks: whoever is called finds the page, and what it tells them to paste is right."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import botocore.session
import jmespath
import pytest
from botocore import xform_name

from tests.emitted import FILES, ROOT, everywhere, resources

RUNBOOKS = ROOT / "docs" / "runbooks"
DRILLS = ROOT / "retail" / "ops" / "drills"
INDEX = RUNBOOKS / "README.md"
PAGES = sorted(RUNBOOKS.rglob("*.md"))
OF_ALARMS = sorted((RUNBOOKS / "alarms").glob("*.md"))
OF_DRILLS = [page for page in PAGES if page not in OF_ALARMS and page != INDEX]
ALARMS = [
    (logical_id, settings)
    for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    for _, logical_id, settings in everywhere(kind)
]
RULES = [
    (logical_id, settings)
    for _, logical_id, settings in everywhere("AWS::Events::Rule")
    if any("OperationsTopicArn" in str(target["Arn"]) for target in settings["Targets"])
]

NAMED = re.compile(r" Runbook: (docs/runbooks/alarms/[a-z-]+\.md)$")
FENCED = re.compile(r"^( *)```\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
RULE_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| \[[a-z-]+\]\((alarms/[a-z-]+\.md)\) \|$", re.MULTILINE)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def page_of(settings: dict[str, str]) -> str:
    """The page that an alarm's description ends with."""
    found = NAMED.search(settings["AlarmDescription"])
    assert found, settings["AlarmDescription"]
    return found[1]


def pages_of_rules() -> dict[str, tuple[str, str]]:
    """By rule: the type of the event that it mails, and its page, as the index has them."""
    return {rule: (kind, f"docs/runbooks/{page}") for rule, kind, page in RULE_ROW.findall(INDEX.read_text("utf-8"))}


def blocks(page: Path) -> list[str]:
    """What stands in blocks of its own, to be pasted."""
    return [dedent(found[2]) for found in FENCED.finditer(page.read_text("utf-8"))]


def names(page: Path) -> list[str]:
    """What stands as code within the text."""
    return re.findall(r"`([^`]+)`", FENCED.sub("", page.read_text("utf-8")))


RECORDER = """
set -eu
told() { printf '%s\\0' "$@" >&3; printf '\\036\\0' >&3; }
aws() { told aws "$@"; echo name; }
make() { told make "$@"; }
python() { told python "$@"; }
python3() { cat; }
curl() { :; }
sleep() { :; }
"""
"""A shell in which nothing happens, and all is noted."""


@cache
def commands(page: Path) -> list[list[str]]:
    """What a shell makes of the page's blocks, pasted one after another after those of the index."""
    pasted = [
        block for each in dict.fromkeys((INDEX, page)) for block in blocks(each) if not block.startswith("SELECT")
    ]
    done = subprocess.run(
        ["bash", "-c", "{ " + RECORDER + "\n".join(pasted) + "\n} 3>&1 >/dev/null"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return [record.rstrip("\0").split("\0") for record in done.stdout.decode().split("\x1e\0") if record]


@pytest.mark.parametrize(("logical_id", "settings"), ALARMS, ids=[logical_id for logical_id, _ in ALARMS])
def test_every_alarm_names_a_page_that_is_there(logical_id: str, settings: dict[str, str]) -> None:
    assert (ROOT / page_of(settings)).is_file()


@pytest.mark.parametrize(("logical_id", "settings"), RULES, ids=[logical_id for logical_id, _ in RULES])
def test_every_rule_that_mails_the_operators_has_a_page_in_the_index(logical_id: str, settings: dict[str, Any]) -> None:
    kind, page = pages_of_rules()[logical_id]
    assert settings["EventPattern"]["detail-type"] == [kind]
    assert f'`{logical_id}`: a bare event, "{kind}"' in (ROOT / page).read_text("utf-8")


def test_every_page_is_that_of_an_alarm_a_rule_or_a_drill() -> None:
    named = {page_of(settings) for _, settings in ALARMS}
    named |= {page for rule, (_, page) in pages_of_rules().items() if rule in dict(RULES)}
    named |= {f"docs/runbooks/{path.stem}.md" for path in DRILLS.glob("*.py") if "def main()" in path.read_text()}
    assert {path.relative_to(ROOT).as_posix() for path in PAGES} - {"docs/runbooks/README.md"} == named


def test_the_index_leads_to_every_page() -> None:
    assert set(re.findall(r"\]\(([a-z/-]+\.md)\)", INDEX.read_text("utf-8"))) == {
        path.relative_to(RUNBOOKS).as_posix() for path in PAGES if path != INDEX
    }


@each_page
def test_a_page_s_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).is_file()] == []


@each_page
def test_no_code_within_the_text_is_broken_over_lines(page: Path) -> None:
    assert [name for name in names(page) if "\n" in name] == []


@each_page
def test_what_is_to_be_run_stands_in_a_block_of_its_own(page: Path) -> None:
    run = re.compile(r"(aws|make|python|made|logged|curl)\b.*(=| --| [A-Z])|(SELECT|UPDATE|DELETE)\b")
    assert [name for name in names(page) if run.match(name)] == []


@each_page
def test_what_a_page_looks_up_in_a_stack_is_made_there(page: Path) -> None:
    files = {f"retail-prod-{name.partition('-')[2]}": name for name in FILES}
    asked = [command for command in commands(page) if command[2:3] == ["describe-stack-resource"]]
    looked_up = [(command[command.index("--stack-name") + 1], command[6]) for command in asked]
    assert all(command[5] == "--logical-resource-id" for command in asked)
    assert [(stack, made) for stack, made in looked_up if made not in resources(files[stack])] == []


@each_page
def test_the_targets_and_variables_that_a_page_gives_to_make_are_the_makefile_s(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)) | {f"deploy-{name[:2]}" for name in FILES}
    variables = set(re.findall(r"\$\((?:call on,)?([A-Z_]+)[,)]", makefile))
    given = [command[1:] for command in commands(page) if command[0] == "make"]
    given += [name.split()[1:] for name in names(page) if name.startswith("make ")]
    assert {words[0] for words in given} <= targets
    assert {word.partition("=")[0] for words in given for word in words[1:]} <= variables
    assert {word for words in given for word in words if word.startswith("DRY_RUN=")} <= {"DRY_RUN=yes"}


@each_page
def test_the_programs_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(r"python3? -m ([\w.]+)", page.read_text("utf-8"))
    assert [program for program in named if find_spec(program) is None] == []


SESSION = botocore.session.Session()
OF_THE_CLI = {"--query", "--output", "--max-items"}
"""Options that any command has; the last those that answer in pages."""
ITS_OWN = {("s3", "ls"), ("s3", "cp"), ("configure", "set")}
"""Commands of the CLI's own, in both of its versions."""


@each_page
def test_the_commands_and_options_that_a_page_gives_to_aws_are_the_api_s(page: Path) -> None:
    for service, name, *words in asked_of_aws(page):
        model = SESSION.get_service_model(service)
        operations = {xform_name(each, "-"): each for each in model.operation_names}
        assert name in operations, f"aws {service} {name}"
        shape = model.operation_model(operations[name]).input_shape
        known = {"--" + xform_name(each, "-") for each in shape.members}
        known |= {"--no-" + xform_name(each, "-") for each, of in shape.members.items() if of.type_name == "boolean"}
        options = {word for word in words if word.startswith("--")}
        assert options <= known | OF_THE_CLI, f"aws {service} {name}"
        assert {"--" + xform_name(each, "-") for each in shape.required_members} <= options, f"aws {service} {name}"


@each_page
def test_what_a_page_picks_from_an_answer_is_in_it(page: Path) -> None:
    for service, name, *words in asked_of_aws(page):
        if "--query" in words:
            model = SESSION.get_service_model(service)
            operation = next(each for each in model.operation_names if xform_name(each, "-") == name)
            picked = jmespath.search(
                words[words.index("--query") + 1], sample(model.operation_model(operation).output_shape)
            )
            assert not lacks(picked), f"aws {service} {name}: {picked}"


def asked_of_aws(page: Path) -> Iterator[list[str]]:
    """The commands for AWS, but for those of the CLI's own."""
    for program, *words in commands(page):
        if program == "aws" and tuple(words[:2]) not in ITS_OWN:
            yield words


def sample(shape: Any, depth: int = 8) -> Any:
    """An answer of this shape, with everything that it may have in it."""
    if not depth:
        return "deep"
    if shape.type_name == "structure":
        return {name: sample(member, depth - 1) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [sample(shape.member, depth - 1)]
    if shape.type_name == "map":
        return {"key": sample(shape.value, depth - 1)}
    return "text" if shape.type_name == "string" else 1


def lacks(picked: Any) -> bool:
    """Whether something that was asked for is not there."""
    return picked is None or (isinstance(picked, list) and any(map(lacks, picked)))


@pytest.mark.parametrize("page", OF_ALARMS, ids=lambda page: page.stem)
def test_a_page_of_an_alarm_says_the_same_things_in_the_same_order(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.match(r"# .+\n\n`[\w.]+`", text), "what rang"
    assert re.findall(r"^\*\*([^*]+)\*\*: ", text, re.MULTILINE) == [
        "Customers",
        "Look first",
        "Likely",
        "Mend",
        "Wake somebody",
    ]


@each_page
def test_a_page_can_be_read_at_night(page: Path) -> None:
    lines = page.read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 120] == []
    assert len(lines) <= (40 if page in OF_ALARMS else 80)


@pytest.mark.parametrize("page", OF_DRILLS, ids=lambda page: page.stem)
def test_a_drill_has_ten_steps_at_most(page: Path) -> None:
    steps = [int(number) for number in re.findall(r"^(\d+)\. ", page.read_text("utf-8"), re.MULTILINE)]
    assert steps == list(range(1, len(steps) + 1))
    assert 1 < len(steps) <= 10
