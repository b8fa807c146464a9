"""What the programs make of answers that only AWS itself gives: a stand-in for the CLI gives them here.

The local AWS works one resource after the other, within the request; so it is never busy, and nothing is cancelled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.programs import checkout, run

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/retail-dev-networking/1"

CLI = f"""#!{sys.executable}
import json, pathlib, sys

here = pathlib.Path(__file__).parent
call = " ".join(sys.argv[1:3])
with open(here / "calls", "a") as calls:
    calls.write(call + "\\n")
answers = json.loads((here / "answers.json").read_text())[call]
before = (here / "calls").read_text().splitlines().count(call) - 1
answer = answers[min(before, len(answers) - 1)]
if isinstance(answer, str):
    sys.exit("An error occurred: " + answer.replace("STACK", sys.argv[4]))
print(json.dumps(answer))
"""

NOT_THERE = "Stack with id STACK does not exist"
FAILED = "Failed to create/update the stack. Run the following command to fetch the list of events"


def stack(status: str) -> dict[str, Any]:
    return {"Stacks": [{"StackStatus": status, "StackId": STACK_ID}]}


def event(status: str, reason: str = "", resource: str = "") -> dict[str, str]:
    return {
        "StackId": STACK_ID,
        "PhysicalResourceId": f"id-of-{resource}" if resource else STACK_ID,
        "LogicalResourceId": resource or "retail-dev-networking",
        "ResourceType": "AWS::EC2::Subnet" if resource else "AWS::CloudFormation::Stack",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


@dataclass(frozen=True)
class Cli:
    """A stand-in for the AWS CLI. It gives each call's answers in turn, the last again and again; texts are errors."""

    directory: Path
    tools: Path

    def deploy(self, **answers: list[Any]) -> subprocess.CompletedProcess[str]:
        return self._run("retail.ops.deploy", "--only", "01", answers=answers)

    def destroy(self, **answers: list[Any]) -> subprocess.CompletedProcess[str]:
        return self._run("retail.ops.destroy", "--confirm", "dev", answers=answers)

    def _run(self, program: str, *words: str, answers: dict[str, list[Any]]) -> subprocess.CompletedProcess[str]:
        given = {f"cloudformation {call.replace('_', '-')}": turns for call, turns in answers.items()}
        (self.tools / "answers.json").write_text(json.dumps({"sts get-caller-identity": [{}], **given}))
        environment = {"PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}"}
        where = ("--environment", "dev", "--region", "eu-west-1")
        return run(program, *where, *words, directory=self.directory, environment=environment)

    def calls(self) -> list[str]:
        return (self.tools / "calls").read_text().splitlines()


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "aws").write_text(CLI)
    (tools / "aws").chmod(0o755)
    return Cli(checkout(tmp_path / "here"), tools)


def test_the_root_cause_is_the_first_failure_of_the_last_operation_that_is_not_a_cancellation(cli: Cli) -> None:
    newest_first = [
        event("UPDATE_ROLLBACK_COMPLETE"),
        event("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [SubnetA, SubnetB]"),
        event("UPDATE_FAILED", "it came second", "SubnetB"),
        event("UPDATE_FAILED", "it came\nfirst", "SubnetA"),
        event("UPDATE_FAILED", "Resource update cancelled", "SubnetC"),
        event("UPDATE_IN_PROGRESS", "User Initiated"),
        event("CREATE_FAILED", "it is of an earlier operation", "SubnetD"),
    ]
    done = cli.deploy(
        describe_stacks=[stack("CREATE_COMPLETE"), stack("UPDATE_ROLLBACK_COMPLETE")],
        deploy=[FAILED],
        describe_stack_events=[{"StackEvents": newest_first}],
    )
    assert done.returncode == 1
    assert "stack: retail-dev-networking in eu-west-1, UPDATE_ROLLBACK_COMPLETE\n" in done.stderr
    assert "cause: SubnetA (AWS::EC2::Subnet): it came first\n" in done.stderr


def test_a_failure_of_no_resource_is_told_in_the_words_of_the_stack(cli: Cli) -> None:
    in_use = "Export retail-dev-networking-VpcId cannot be updated as it is in use by retail-dev-security"
    newest_first = [
        event("UPDATE_ROLLBACK_COMPLETE"),
        event("UPDATE_ROLLBACK_IN_PROGRESS", in_use),
        event("UPDATE_IN_PROGRESS", "User Initiated"),
    ]
    done = cli.deploy(
        describe_stacks=[stack("CREATE_COMPLETE"), stack("UPDATE_ROLLBACK_COMPLETE")],
        deploy=[FAILED],
        describe_stack_events=[{"StackEvents": newest_first}],
    )
    assert f"cause: {in_use}\n" in done.stderr


def test_a_refused_change_set_is_told_with_what_its_validation_found(cli: Cli) -> None:
    found = {"OperationId": "2", "Timestamp": "2026-11-22T12:00:01Z", "LogicalResourceId": "FlowLogs"}
    earlier = {"OperationId": "1", "Timestamp": "2026-11-22T12:00:00Z", "ValidationStatusReason": "long mended"}
    done = cli.deploy(
        describe_stacks=[NOT_THERE, stack("REVIEW_IN_PROGRESS")],
        deploy=["Failed to create the changeset: Waiter failed Status: FAILED. Reason: validation failed."],
        describe_events=[{"OperationEvents": [found | {"ValidationStatusReason": "the name is taken"}, earlier]}],
    )
    assert done.returncode == 1
    assert "cause: validation failed. FlowLogs: the name is taken\n" in done.stderr


def test_a_busy_stack_is_left_alone_and_named_in_one_line(cli: Cli) -> None:
    done = cli.deploy(describe_stacks=[stack("UPDATE_ROLLBACK_IN_PROGRESS")])
    [line] = done.stderr.splitlines()
    assert done.returncode == 1
    assert line.startswith("01 networking: retail-dev-networking is UPDATE_ROLLBACK_IN_PROGRESS; run again when")
    assert "cloudformation deploy" not in cli.calls()


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"])
def test_what_a_failed_creation_has_left_is_deleted_and_created_anew(cli: Cli, status: str) -> None:
    waited_for = [stack("DELETE_IN_PROGRESS")] if status == "ROLLBACK_COMPLETE" else []
    done = cli.deploy(describe_stacks=[stack(status), *waited_for, NOT_THERE], delete_stack=[{}], deploy=[{}])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"01 networking: retail-dev-networking is {status}, the rest of a failed creation")
    assert "01 networking created in " in done.stdout
    assert [call.split()[1] for call in cli.calls() if "describe" not in call] == [
        "get-caller-identity",
        "delete-stack",
        "deploy",
    ]


@pytest.mark.parametrize(
    ("status", "mend"),
    [("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"), ("DELETE_FAILED", "finish that with destroy first")],
)
def test_a_stack_that_takes_no_update_is_named_with_the_mend(cli: Cli, status: str, mend: str) -> None:
    done = cli.deploy(describe_stacks=[stack(status)])
    [line] = done.stderr.splitlines()
    assert done.returncode == 1
    assert status in line
    assert mend in line


def test_a_stack_that_will_not_go_stops_the_teardown_and_says_why(cli: Cli) -> None:
    newest_first = [
        event("DELETE_FAILED", "The following resource(s) failed to delete: [SubnetA]"),
        event("DELETE_FAILED", "the bucket is not empty", "SubnetA"),
        event("DELETE_IN_PROGRESS", "User Initiated"),
    ]
    done = cli.destroy(
        describe_stacks=[stack("CREATE_COMPLETE"), stack("DELETE_FAILED")],
        delete_stack=[{}],
        describe_stack_events=[{"StackEvents": newest_first}],
    )
    assert done.returncode == 1
    assert "07 analytics failed.\n" in done.stderr
    assert "cause: SubnetA (AWS::EC2::Subnet): the bucket is not empty\n" in done.stderr
    assert cli.calls().count("cloudformation delete-stack") == 1


def test_a_call_that_aws_denies_is_told_in_the_words_of_aws(cli: Cli) -> None:
    done = cli.deploy(describe_stacks=["(AccessDenied) when calling the DescribeStacks operation: not authorized"])
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "AccessDenied" in done.stderr
