"""What the programs make of answers that only AWS itself gives: a stand-in for the CLI gives them here.

The local AWS works one resource after the other, within the request; so it is never busy, and nothing is cancelled.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.emitted import OUT, ROOT, template
from tests.integration.programs import checkout, run

WHERE = ("--environment", "dev", "--region", "eu-west-1")
STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/retail-dev-networking/1"

CLI = f"""#!{sys.executable}
import json, pathlib, sys, time

here = pathlib.Path(__file__).parent
call = " ".join(sys.argv[1:3])
with open(here / "calls", "a") as calls:
    calls.write(call + "\\n")
with open(here / "words", "a") as words:
    words.write(json.dumps(sys.argv[1:]) + "\\n")
answers = json.loads((here / "answers.json").read_text())[call]
before = (here / "calls").read_text().splitlines().count(call) - 1
answer = answers[min(before, len(answers) - 1)]
if isinstance(answer, dict) and "until" in answer:
    while (here / "calls").read_text().count(answer["until"]) < answer["times"]:
        time.sleep(0.05)
if isinstance(answer, str):
    sys.exit("An error occurred: " + answer.replace("STACK", sys.argv[4]))
print(json.dumps(answer))
"""

ALWAYS: dict[str, list[Any]] = {
    "sts get-caller-identity": [{"Account": "123456789012"}],
    "cloudformation set-stack-policy": [{}],
}

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

    def deploy(
        self, only: str = "01", others: dict[str, list[Any]] | None = None, **answers: list[Any]
    ) -> subprocess.CompletedProcess[str]:
        return self._run("retail.ops.deploy", "--only", only, answers=answers, others=others)

    def destroy(
        self, others: dict[str, list[Any]] | None = None, **answers: list[Any]
    ) -> subprocess.CompletedProcess[str]:
        return self._run("retail.ops.destroy", "--confirm", "dev", answers=answers, others=others)

    def _run(
        self, program: str, *words: str, answers: dict[str, list[Any]], others: dict[str, list[Any]] | None = None
    ) -> subprocess.CompletedProcess[str]:
        given = {f"cloudformation {call.replace('_', '-')}": turns for call, turns in answers.items()}
        (self.tools / "answers.json").write_text(json.dumps(ALWAYS | given | (others or {})))
        environment = {"PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}"}
        return run(program, *WHERE, *words, directory=self.directory, environment=environment)

    def calls(self) -> list[str]:
        return (self.tools / "calls").read_text().splitlines()

    def words(self, call: str) -> list[str]:
        """Of the last such call."""
        every = [json.loads(line) for line in (self.tools / "words").read_text().splitlines()]
        return [words for words in every if " ".join(words[:2]) == call][-1]


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
        "set-stack-policy",
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
        list_stack_resources=[{"StackResourceSummaries": []}],
        delete_stack=[{}],
        describe_stack_events=[{"StackEvents": newest_first}],
    )
    assert done.returncode == 1
    assert "07 analytics failed.\n" in done.stderr
    assert "cause: SubnetA (AWS::EC2::Subnet): the bucket is not empty\n" in done.stderr
    assert cli.calls().count("cloudformation delete-stack") == 1


def test_what_the_stacks_that_are_gone_have_left_is_told_although_the_next_will_not_go(cli: Cli) -> None:
    kept = next(name for name, each in template("07-analytics")["Resources"].items() if "DeletionPolicy" in each)
    left = {"LogicalResourceId": kept, "PhysicalResourceId": "retail-dev-analytics"}
    done = cli.destroy(
        describe_stacks=[stack("CREATE_COMPLETE"), NOT_THERE, stack("CREATE_COMPLETE"), stack("DELETE_FAILED")],
        list_stack_resources=[{"StackResourceSummaries": [left]}, {"StackResourceSummaries": []}],
        delete_stack=[{}],
        describe_stack_events=[{"StackEvents": [event("DELETE_FAILED", "it is in use", "SubnetA")]}],
    )
    assert done.returncode == 1
    assert "06 events failed.\n" in done.stderr
    [command] = done.stdout.partition("This is left, and is removed by:\n")[2].splitlines()
    assert " retail-dev-analytics --region eu-west-1" in command


def test_a_bus_that_is_left_is_removed_after_its_archive(cli: Cli) -> None:
    left = ("RetailEventBus", "OrderProcessingQueue", "RetailEventArchive")
    told = [{"LogicalResourceId": each, "PhysicalResourceId": f"retail-dev-{each}"} for each in left]
    done = cli.destroy(
        describe_stacks=[NOT_THERE, stack("CREATE_COMPLETE"), NOT_THERE],
        list_stack_resources=[{"StackResourceSummaries": told}],
        delete_stack=[{}],
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[1:] for line in done.stdout.splitlines() if " --region eu-west-1" in line] == [
        ["sqs", "delete-queue", "--queue-url", "retail-dev-OrderProcessingQueue", "--region", "eu-west-1"],
        ["events", "delete-archive", "--archive-name", "retail-dev-RetailEventArchive", "--region", "eu-west-1"],
        ["events", "delete-event-bus", "--name", "retail-dev-RetailEventBus", "--region", "eu-west-1"],
    ]


@pytest.mark.slow
def test_before_the_security_groups_go_lambda_is_waited_for_with_a_word(cli: Cli) -> None:
    [networking] = stack("CREATE_COMPLETE")["Stacks"]
    networking["Outputs"] = [{"OutputKey": "VpcId", "OutputValue": "vpc-1"}]
    held_by = {"NetworkInterfaces": [{"InterfaceType": "lambda"}, {"InterfaceType": "lambda"}]}
    free = {"NetworkInterfaces": [{"InterfaceType": "nat_gateway"}]}
    done = cli.destroy(
        describe_stacks=[*[NOT_THERE] * 6, stack("CREATE_COMPLETE"), {"Stacks": [networking]}, NOT_THERE],
        list_stack_resources=[{"StackResourceSummaries": []}],
        delete_stack=[{}],
        others={
            "ec2 describe-network-interfaces": [held_by, held_by, free],
            "ec2 describe-security-groups": [{"SecurityGroups": []}],
        },
    )
    assert done.returncode == 0, done.stderr
    waiting = "Lambda still holds 2 interfaces in vpc-1, usually for 20 to 40 minutes; waiting"
    assert done.stdout.splitlines().count(waiting) == 1
    calls = cli.calls()
    assert calls.index("cloudformation delete-stack") > calls.index("ec2 describe-security-groups")
    assert calls.count("ec2 describe-network-interfaces") == 3


def test_a_call_that_aws_denies_is_told_in_the_words_of_aws(cli: Cli) -> None:
    done = cli.deploy(describe_stacks=["(AccessDenied) when calling the DescribeStacks operation: not authorized"])
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "AccessDenied" in done.stderr


SIGNED_OUT = "(ExpiredToken) when calling the DescribeStacks operation: The security token is expired"


@pytest.mark.parametrize("answers", [[NOT_THERE, SIGNED_OUT], [SIGNED_OUT]])
def test_credentials_that_expire_while_a_stack_is_made_are_told_with_the_stack_and_how_to_carry_on(
    cli: Cli, answers: list[Any]
) -> None:
    done = cli.deploy(
        describe_stacks=answers, deploy=["Failed to create/update the stack"], describe_stack_events=[SIGNED_OUT]
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "01 networking failed.",
        "  stack: retail-dev-networking in eu-west-1, in a state that AWS does not tell",
        f"  cause: An error occurred: {SIGNED_OUT}",
        "  then:  mend that, and carry on with .venv/bin/python -m retail.ops.deploy "
        "--environment dev --region eu-west-1 --only 01",
    ]


# What needs nothing, and what takes long


def deployed(**parameters: str) -> dict[str, Any]:
    """A stack of this very template, as retail-dev."""
    given = {"Project": "retail", "Environment": "dev", "DeletionProtection": "true"} | parameters
    [found] = stack("UPDATE_COMPLETE")["Stacks"]
    found["Parameters"] = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
    found["Tags"] = [{"Key": "Project", "Value": "retail"}, {"Key": "Environment", "Value": "dev"}]
    found["Outputs"] = [
        {"OutputKey": name, "OutputValue": f"the-{name}"} for name in ("ClusterName", "ServiceName", "RepositoryUri")
    ]
    return {"Stacks": [found]}


def held(file: str) -> list[Any]:
    return [{"TemplateBody": (OUT / file).read_text()}]


def test_a_stack_of_this_very_template_and_these_values_needs_no_change_set(cli: Cli) -> None:
    done = cli.deploy(describe_stacks=[deployed()], get_template=held("01-networking.yaml"))
    assert done.returncode == 0, done.stderr
    assert "01 networking no changes in " in done.stdout
    assert "cloudformation deploy" not in cli.calls()


@pytest.mark.parametrize(
    ("there", "template"),
    [
        (deployed(Project="other"), "01-networking.yaml"),
        (deployed(), "02-security.yaml"),
        ({"Stacks": [deployed()["Stacks"][0] | {"Tags": []}]}, "01-networking.yaml"),
        ({"Stacks": [deployed()["Stacks"][0] | {"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}]}, "01-networking.yaml"),
    ],
    ids=["value", "template", "tags", "rolled back"],
)
def test_a_stack_that_differs_in_anything_is_deployed(cli: Cli, there: dict[str, Any], template: str) -> None:
    done = cli.deploy(describe_stacks=[there], get_template=held(template), deploy=[{}])
    assert done.returncode == 0, done.stderr
    assert "cloudformation deploy" in cli.calls()


def policies(cli: Cli) -> list[list[str]]:
    """The logical ids that each stack policy that was set keeps."""
    calls = [json.loads(line) for line in (cli.tools / "words").read_text().splitlines()]
    bodies = [json.loads(words[words.index("--stack-policy-body") + 1]) for words in calls if "set-stack" in words[1]]
    return [
        [name.partition("/")[2] for each in body["Statement"] if each["Effect"] == "Deny" for name in each["Resource"]]
        for body in bodies
    ]


IN_FORCE = {
    "TemplateBody": "Resources:\n"
    "  DroppedLogs: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain}\n"
    "  FlowLogs: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain}\n"
}
ALLOWED = """
allowed:
- {stack: networking, logical_id: DroppedLogs, change: encryption, reason: another key, until: 2999-12-31}
- {stack: networking, logical_id: FlowLogs, change: replacement, reason: it moves, until: 2999-12-31}
- {stack: networking, logical_id: Vpc, change: replacement, reason: it moved, until: 2020-12-31}
"""


def allow(cli: Cli) -> None:
    """Put the allowed changes into the directory that is deployed from."""
    folder = cli.directory / "environments"
    folder.unlink()
    folder.mkdir()
    (folder / "allowed-changes.yaml").write_text(ALLOWED)


def test_what_is_allowed_to_go_is_let_through_for_one_update_and_kept_again_after_it(cli: Cli) -> None:
    allow(cli)
    done = cli.deploy(describe_stacks=[stack("CREATE_COMPLETE")], get_template=[IN_FORCE], deploy=[{}])
    assert done.returncode == 0, done.stderr
    assert "01 networking: FlowLogs may be replaced or removed by this update" in done.stdout
    before, after = policies(cli)
    assert (before, after) == (["DroppedLogs"], ["FlowLogs"])
    assert [call.split()[1] for call in cli.calls() if "describe" not in call][1:] == [
        "get-template",
        "set-stack-policy",
        "deploy",
        "set-stack-policy",
    ]


def test_what_is_allowed_to_go_is_kept_again_after_an_update_that_fails(cli: Cli) -> None:
    allow(cli)
    done = cli.deploy(
        describe_stacks=[stack("UPDATE_COMPLETE"), stack("UPDATE_ROLLBACK_COMPLETE")],
        get_template=[IN_FORCE],
        deploy=[FAILED],
        describe_stack_events=[{"StackEvents": [event("UPDATE_FAILED", "no", "FlowLogs")]}],
    )
    assert done.returncode == 1
    assert policies(cli) == [["DroppedLogs"], ["DroppedLogs", "FlowLogs"]]


def test_a_policy_that_is_denied_is_told_and_stops_nothing(cli: Cli) -> None:
    done = cli.deploy(
        describe_stacks=[NOT_THERE],
        deploy=[{}],
        others={"cloudformation set-stack-policy": ["(AccessDenied) when calling the SetStackPolicy operation"]},
    )
    assert done.returncode == 0
    assert "01 networking: not protected: An error occurred: (AccessDenied)" in done.stdout


UNDER_WAY = [
    event("CREATE_IN_PROGRESS", "", "SubnetB"),
    event("CREATE_COMPLETE", "", "SubnetA"),
    event("CREATE_IN_PROGRESS", "", "SubnetA"),
    event("CREATE_IN_PROGRESS", "User Initiated"),
    event("UPDATE_IN_PROGRESS", "of an earlier operation", "SubnetC"),
]


def test_what_is_being_made_is_told_while_it_is_made(cli: Cli) -> None:
    done = cli.deploy(
        describe_stacks=[NOT_THERE],
        deploy=[{"until": "cloudformation describe-stack-events", "times": 1}],
        describe_stack_events=[{"StackEvents": UNDER_WAY}],
    )
    first, second, third, *_ = done.stdout.splitlines()
    assert first == "01 networking ... (typically 3-5 min)"
    assert re.fullmatch(r"01 networking: 0:\d\d, SubnetB \(AWS::EC2::Subnet\)", second)
    assert third.startswith("01 networking created in ")


def on_a_terminal(
    cli: Cli, program: str, *words: str, answers: dict[str, list[Any]], typed: str = ""
) -> tuple[int, str]:
    """The exit status of a program and what it shows on a terminal of 120 columns, at which somebody types."""
    (cli.tools / "answers.json").write_text(json.dumps(ALWAYS | answers))
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    with subprocess.Popen(
        [sys.executable, "-m", program, *WHERE, *words],
        cwd=cli.directory,
        env={"PATH": f"{cli.tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # how Linux says that nobody writes to a terminal any more
            while part := os.read(ours, 65536):
                shown += part
    os.close(ours)
    return running.returncode, shown.decode()


@pytest.mark.parametrize(("typed", "status"), [("dev\n", 0), ("prod\n", 2), ("\n", 2), ("\x04", 2)])
def test_on_a_terminal_destroy_asks_for_the_environments_name_and_says_which_account(
    cli: Cli, typed: str, status: int
) -> None:
    there = {"cloudformation describe-stacks": [NOT_THERE]}
    ended, shown = on_a_terminal(cli, "retail.ops.destroy", answers=there, typed=typed)
    assert ended == status, shown
    assert "This would be deleted, in this order:" in shown
    assert "Type dev to delete all this from account 123456789012: " in shown
    assert ("07 analytics: not there" in shown) == (status == 0)


@pytest.mark.slow
def test_on_a_terminal_the_whole_order_is_one_table_with_what_is_being_made(cli: Cli) -> None:
    """A pseudo-terminal, wide enough for every column."""
    answers: dict[str, list[Any]] = {
        "cloudformation describe-stacks": [NOT_THERE],
        "cloudformation deploy": [{"until": "cloudformation describe-stack-events", "times": 2}],
        "cloudformation describe-stack-events": [{"StackEvents": UNDER_WAY}],
    }
    status, shown = on_a_terminal(cli, "retail.ops.deploy", "--only", "01", answers=answers)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert status == 0, text
    assert re.search(r"stack +state +time +typical +being made", text)
    assert re.search(r"01 networking +at work +0:\d\d +3-5 min +SubnetB \(AWS::EC2::Subnet\)", text)
    assert re.search(r"01 networking +created +0:\d\d +3-5 min", text)


# The storefront's own tasks

SERVICE = {
    "taskDefinition": "storefront:7",
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}},
}
LOGS = {"options": {"awslogs-group": "the-group", "awslogs-stream-prefix": "storefront"}}
DEFINITION = {"containerDefinitions": [{"name": "storefront", "logConfiguration": LOGS}]}


def task(status: str, *, exit_code: int) -> dict[str, Any]:
    return {"tasks": [{"taskArn": "arn:task/1234", "lastStatus": status, "containers": [{"exitCode": exit_code}]}]}


def database(cli: Cli, image: str, exit_code: int) -> subprocess.CompletedProcess[str]:
    """Deploys 05, which is there already, beside an application that runs this image."""
    return cli.deploy(
        "05",
        describe_stacks=[deployed(ContainerImage=image)],
        get_template=held("05-data.yaml"),
        others={
            "ecs describe-services": [{"services": [SERVICE]}],
            "ecs describe-task-definition": [{"taskDefinition": DEFINITION}],
            "ecs run-task": [task("PROVISIONING", exit_code=0)],
            "ecs describe-tasks": [task("STOPPED", exit_code=exit_code)],
            "logs get-log-events": [{"events": [{"message": "cannot reach it\n"}, {"message": "giving up"}]}],
        },
    )


def test_migrations_and_seed_run_as_tasks_of_the_service_once_the_real_image_does(cli: Cli) -> None:
    done = database(cli, "repository@sha256:1", 0)
    assert done.returncode == 0, done.stderr
    assert "retail.storefront.migrate done in " in done.stdout
    assert "retail.storefront.seed done in " in done.stdout
    words = cli.words("ecs run-task")
    request = json.loads(words[words.index("--cli-input-json") + 1])
    assert request["cluster"] == "the-ClusterName"
    assert request["taskDefinition"] == "storefront:7"
    assert request["networkConfiguration"] == SERVICE["networkConfiguration"]
    [override] = request["overrides"]["containerOverrides"]
    assert override == {"name": "storefront", "command": ["python", "-m", "retail.storefront.seed"]}


def test_a_migration_that_fails_stops_the_run_with_the_end_of_its_log(cli: Cli) -> None:
    done = database(cli, "repository@sha256:1", 3)
    assert done.returncode == 1
    assert (
        "retail.storefront.migrate failed.\n  cause: it ended with 3\n    cannot reach it\n    giving up\n"
        in done.stderr
    )
    assert cli.words("logs get-log-events")[3:6] == ["the-group", "--log-stream-name", "storefront/storefront/1234"]
    assert cli.calls().count("ecs run-task") == 1


def test_while_the_stand_in_runs_there_are_no_migrations(cli: Cli) -> None:
    done = database(cli, "public.ecr.aws/docker/library/python:3.13-alpine", 0)
    assert done.returncode == 0, done.stderr
    assert "no migrations, as the stand-in runs and not the storefront" in done.stdout
    assert "ecs run-task" not in cli.calls()
