"""The emitted templates against a revision of git, by the program as people and CI run it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emitted import FILES, ROOT
from tests.plan.checkout import Checkout

AGAINST = ("--against", "main")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.of_emitted(tmp_path)


def rename_the_cart_table(checkout: Checkout) -> None:
    checkout.edit("05-data", "TableName: !Sub ${Project}-${Environment}-carts", "TableName: !Sub ${Project}-baskets")


def drop_an_export(checkout: Checkout) -> None:
    path = checkout.directory / "out" / "01-networking.yaml"
    text, dropped = re.subn(r"  VpcId:\n    Description: .*\n(?:    .*\n)+", "", path.read_text(encoding="utf-8"))
    assert dropped == 1
    path.write_text(text, encoding="utf-8")


def lengthen_the_password(checkout: Checkout) -> None:
    checkout.edit("02-security", "PasswordLength: ", "PasswordLength: 1")


def reword_a_group(checkout: Checkout) -> None:
    checkout.edit("02-security", "Aurora: from tasks", "Aurora, from tasks")


KEY_IS_GIVEN = "HasFlowLogsKmsKeyArn: !Not [!Equals [!Ref FlowLogsKmsKeyArn, none]]"


def decide_the_key_otherwise(checkout: Checkout) -> None:
    checkout.edit("01-networking", KEY_IS_GIVEN, "HasFlowLogsKmsKeyArn: !Equals [!Ref FlowLogsKmsKeyArn, always]")


@pytest.mark.parametrize(
    ("edit", "stack", "logical_id", "kind"),
    [
        (rename_the_cart_table, "05 data", "CartTable", "replacement"),
        (drop_an_export, "01 networking", "VpcId", "export"),
        (lengthen_the_password, "02 security", "DatabaseSecret", "secret"),
        (reword_a_group, "02 security", "DatabaseSecurityGroup", "security-group"),
        (decide_the_key_otherwise, "01 networking", "FlowLogs", "encryption"),
    ],
)
def test_a_guarded_edit_of_the_platforms_own_templates_ends_with_status_1(
    checkout: Checkout, edit: Callable[[Checkout], None], stack: str, logical_id: str, kind: str
) -> None:
    edit(checkout)
    done = checkout.plan(*AGAINST)
    assert done.returncode == 1, done.stderr
    assert f"\nError: {stack} {logical_id}, {kind}\n" in done.stdout


def test_a_change_that_a_condition_brings_names_the_values_that_it_hangs_on(checkout: Checkout) -> None:
    decide_the_key_otherwise(checkout)
    [guarded] = json.loads(checkout.plan(*AGAINST, "--json").stdout)["guarded"]
    assert guarded["message"].startswith('KmsKeyId: "<given>" -> (none). What is written from now on is under another')
    assert guarded["message"].endswith("So where FlowLogsKmsKeyArn is <given>")


def test_a_default_that_switches_protection_off_by_way_of_a_condition_is_guarded(checkout: Checkout) -> None:
    checkout.edit("05-data", "n: !Ref DeletionProtection", "n: !If [IsKept, true, false]")
    checkout.edit("05-data", "\nConditions:", "\nConditions:\n  IsKept: !Equals [!Ref DeletionProtection, 'true']")
    checkout.commit()
    path = checkout.directory / "out" / "05-data.yaml"
    text, changed = re.subn(
        r"(\n  DeletionProtection:\n(?:    .*\n)*?    Default: )'true'",
        r"\g<1>'false'",
        path.read_text(encoding="utf-8"),
    )
    assert changed == 1
    path.write_text(text, encoding="utf-8")
    told = json.loads(checkout.plan(*AGAINST, "--json").stdout)["guarded"]
    # The table asks the parameter itself.
    assert {(each["logical_id"], each["change"]) for each in told} == {
        ("Database", "deletion-protection"),
        ("CartTable", "deletion-protection"),
    }


def test_a_condition_that_is_only_written_otherwise_is_not_guarded(checkout: Checkout) -> None:
    checkout.edit(
        "01-networking",
        KEY_IS_GIVEN,
        KEY_IS_GIVEN.replace("!Ref FlowLogsKmsKeyArn, none", "none, !Ref FlowLogsKmsKeyArn"),
    )
    assert checkout.plan(*AGAINST).returncode == 0


def test_nothing_changed_is_said_in_one_word_and_passes(checkout: Checkout) -> None:
    done = checkout.plan(*AGAINST)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "No changes."


def test_a_harmless_change_is_shown_as_people_know_it_and_passes(checkout: Checkout) -> None:
    checkout.edit("05-data", "BackupRetentionPeriod: 7", "BackupRetentionPeriod: 14")
    done = checkout.plan(*AGAINST)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    place = lines.index("05 data")
    assert lines[place + 1 : place + 3] == [
        "    ~ Database  AWS::RDS::DBCluster is updated in place",
        "        ~ BackupRetentionPeriod: 7 -> 14",
    ]
    assert lines[-1] == "Plan: 0 to add, 1 to change, 0 to replace, 0 to destroy."


def test_a_reworded_group_takes_its_rules_along_and_says_what_forces_it(checkout: Checkout) -> None:
    reword_a_group(checkout)
    told = json.loads(checkout.plan(*AGAINST, "--json").stdout)
    replaced = {each["logical_id"] for each in told["changes"] if each["action"] == "replace"}
    assert replaced == {
        "DatabaseSecurityGroup",
        "ServiceToDatabaseEgress",
        "ServiceToDatabaseIngress",
        "FunctionToDatabaseEgress",
        "FunctionToDatabaseIngress",
    }
    [database] = [each for each in told["changes"] if each["stack"] == "05 data"]
    assert database["action"] == "update"
    assert database["edits"][0]["because"] == "export DatabaseSecurityGroupId of 02 security changes"


def test_the_change_of_cost_goes_with_the_plan(checkout: Checkout) -> None:
    checkout.edit("05-data", "MinCapacity: 0.5", "MinCapacity: 8")
    monthly = json.loads(checkout.plan(*AGAINST, "--json").stdout)["monthly"]
    assert monthly["05 data"]["after"] > monthly["05 data"]["before"] > 0
    assert monthly["01 networking"]["after"] == monthly["01 networking"]["before"]


def test_a_template_under_another_name_is_asked_after_as_a_renaming(checkout: Checkout) -> None:
    out = checkout.directory / "out"
    (out / "07-analytics.yaml").rename(out / "07-lakehouse.yaml")
    told = json.loads(checkout.plan(*AGAINST, "--json").stdout)["others"]
    notes = {each["stack"]: each["note"] for each in told if each["section"] == "template"}
    assert notes["07 lakehouse"].startswith("renamed from 07 analytics?")
    assert notes["07 analytics"].startswith("renamed to 07 lakehouse?")


def test_a_change_of_metadata_alone_touches_nothing(checkout: Checkout) -> None:
    checkout.edit("05-data", "comment: The reader in another zone", "comment: One reader in another zone")
    checkout.edit("05-data", "Description: '05 Data", "Description: 'No. 05 Data")
    done = checkout.plan(*AGAINST)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "Plan: 0 to add, 0 to change, 0 to replace, 0 to destroy, 1 only noted."


# The allow-list

LEAVE = """
- stack: data
  logical_id: CartTable
  change: replacement
  reason: carts live for a day
"""


def test_an_entry_with_a_reason_lets_the_change_pass_and_its_reason_is_told(checkout: Checkout) -> None:
    rename_the_cart_table(checkout)
    checkout.allow(LEAVE + "  until: 2199-12-31")
    done = checkout.plan(*AGAINST)
    assert done.returncode == 0, done.stdout
    assert "\nAllowed: 05 data CartTable, replacement: carts live for a day\n" in done.stdout


def test_an_entry_may_be_bound_to_the_revision_that_is_compared_with(checkout: Checkout) -> None:
    commit = checkout.git("rev-parse", "main").strip()
    rename_the_cart_table(checkout)
    checkout.allow(LEAVE + f"  revision: {commit[:7]}")
    assert checkout.plan(*AGAINST).returncode == 0
    checkout.commit()
    checkout.edit("05-data", "${Project}-baskets", "${Project}-trolleys")
    assert checkout.plan(*AGAINST).returncode == 1


def test_an_entry_for_another_change_lets_nothing_pass_and_is_told_as_stale(checkout: Checkout) -> None:
    rename_the_cart_table(checkout)
    checkout.allow(LEAVE.replace("CartTable", "Database") + "  until: 2199-12-31")
    done = checkout.plan(*AGAINST)
    assert done.returncode == 1
    assert "\nStale: environments/allowed-changes.yaml: entry 1 (data Database, replacement)" in done.stdout


# Ways to show it


def test_no_escape_sequence_is_written_where_there_is_no_terminal(checkout: Checkout) -> None:
    rename_the_cart_table(checkout)
    assert "\x1b" not in checkout.plan(*AGAINST).stdout


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_unless_no_color_is_set(
    checkout: Checkout, more: dict[str, str], coloured: bool
) -> None:
    rename_the_cart_table(checkout)
    assert ("\x1b[31m" in at_a_terminal(checkout, more)) is coloured


def at_a_terminal(checkout: Checkout, environment: dict[str, str]) -> str:
    """What the program writes to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "retail.ops.plan", *AGAINST],
        cwd=checkout.directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment},
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    told = bytearray()
    try:
        while chunk := os.read(ours, 65536):
            told += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    process.wait(60)
    os.close(ours)
    return told.decode()


def test_markdown_begins_with_the_summary_and_has_the_errors_before_the_table(checkout: Checkout) -> None:
    rename_the_cart_table(checkout)
    text = checkout.plan(*AGAINST, "--markdown").stdout
    summary, error, row, edits = (
        text.index(words)
        for words in (
            "**Plan: 0 to add, 1 to change, 2 to replace, 0 to destroy.**",
            "> [!CAUTION]\n> **05 data `CartTable`, replacement.**",
            "| 05 data | `CartTable` | AWS::DynamoDB::Table | is replaced |",
            "-   -/+ CartTable",
        )
    )
    assert summary < error < row < edits


def test_json_holds_what_a_program_asks_for(checkout: Checkout) -> None:
    rename_the_cart_table(checkout)
    done = checkout.plan(*AGAINST, "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    [table] = [each for each in told["changes"] if each["logical_id"] == "CartTable"]
    assert (table["stack"], table["type"], table["action"]) == ("05 data", "AWS::DynamoDB::Table", "replace")
    assert table["edits"] == [
        {
            "path": "TableName",
            "before": "${Project}-${Environment}-carts",
            "after": "${Project}-baskets",
            "action": "replace",
            "because": "",
        }
    ]
    [guarded] = told["guarded"]
    assert (guarded["logical_id"], guarded["change"], guarded["allowed"]) == ("CartTable", "replacement", None)


# Where there is nothing to compare


def test_a_revision_that_is_not_here_is_bad_input_and_no_finding(checkout: Checkout) -> None:
    done = checkout.plan("--against", "v0.0.9")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "retail.ops.plan: --against v0.0.9: not in this clone of the repository; git fetch it, or name another\n"
    )


def test_against_a_revision_without_templates_all_is_new(tmp_path: Path) -> None:
    checkout = Checkout.of_emitted(tmp_path)
    checkout.git("checkout", "--quiet", "--orphan", "empty")
    checkout.git("rm", "-r", "--cached", "--quiet", ".")
    checkout.git("commit", "--quiet", "--allow-empty", "--message", "nothing")
    done = checkout.plan("--against", "empty", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {each["action"] for each in told["changes"]} == {"create"}
    assert {each["stack"] for each in told["others"]} == {name.replace("-", " ", 1) for name in FILES}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "one of the arguments --against --environment is required"),
        (("--against", "main", "--environment", "dev"), "not allowed with argument"),
        (("--against", "main", "--out", "elsewhere"), "elsewhere holds no templates: run make templates"),
        (("--against", "main", "--set", "A=b"), "--set: a revision has no parameters; give --environment"),
        (("--environment", "dev", "--set", "DeletionProtectoin=false"), "did you mean DeletionProtection?"),
        (("--environment", "dev", "--set", "Scope=waf"), "Scope is not set this way"),
        (("--environment", "test"), "--environment test: give dev, staging or prod"),
        (("--environment", "dev", "--project", "my-shop"), "--project my-shop: give 2 to 12 lower-case letters"),
    ],
)
def test_bad_input_is_refused_in_one_line_before_anything_is_asked(
    checkout: Checkout, arguments: tuple[str, ...], words: str
) -> None:
    done = checkout.plan(*arguments, environment={"AWS_REGION": "eu-west-1"})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr


def test_without_a_region_both_ways_to_plan_are_named(checkout: Checkout) -> None:
    done = checkout.plan("--environment", "dev", environment={"AWS_CONFIG_FILE": "/dev/null"})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "retail.ops.plan: --region is missing: give BASE=main, or ENV=dev with a Region, as REGION=us-east-1\n"
    )


def test_a_file_that_is_no_template_is_named(checkout: Checkout) -> None:
    (checkout.directory / "out" / "05-data.yaml").write_text("Resources: [", encoding="utf-8")
    done = checkout.plan(*AGAINST)
    assert (done.returncode, done.stderr) == (
        2,
        "retail.ops.plan: out/05-data.yaml is not a template: run make templates\n",
    )
