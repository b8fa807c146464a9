"""Each part as its role: what its policy does not allow is denied, and the report says so."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from retail.local.roles import decisions
from retail.local.roles.desk import desk
from retail.local.roles.report import RoleReport, as_text, report
from retail.local.roles.sessions import LAMBDA, Roles
from retail.ops import stacks
from tests.emitted import ROOT
from tests.functions.conftest import AtWork
from tests.functions.stage import Stage, told


@contextmanager
def without(stage: Stage, action: str) -> Iterator[None]:
    """The notification's role without an action of its deployed policy."""
    iam, role = stage.deployed.client("iam"), stage.ref("NotificationRole")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    statements = [
        {**statement, "Action": [each for each in statement["Action"] if each != action]}
        for statement in document["Statement"]
    ]
    smaller = {**document, "Statement": [statement for statement in statements if statement["Action"]]}
    assert smaller != document
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(smaller))
    yield
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def of_notification(stage: Stage) -> RoleReport:
    (found,) = [
        each
        for each in report(stage.deployed, decisions.read(stage.state))
        if (each.stack, each.role) == (stacks.EVENTS, "NotificationRole")
    ]
    return found


def publish(stage: Stage) -> dict[str, Any]:
    """A message that asks the probe to publish to the deployed topic."""
    return {"call": ["sns", "publish", {"TopicArn": stage.ref("OrderNotificationsTopic"), "Message": "hello"}]}


def test_an_action_taken_out_of_the_deployed_policy_is_denied_and_reported(at_work: AtWork, stage: Stage) -> None:
    with at_work() as queue, without(stage, "sns:Publish"):
        queue.send(publish(stage))
        answer = told(queue.runs(messages=1)[0])["called"]
    assert "AuthorizationError" in answer
    found = of_notification(stage)
    topic = stage.ref("OrderNotificationsTopic")
    assert found.denied["sns:Publish"] == [topic]
    assert f"  DENIED    sns:Publish on {topic}" in as_text([found])


@pytest.mark.slow
def test_what_the_deployed_policy_allows_is_allowed_and_reported_as_used(at_work: AtWork, stage: Stage) -> None:
    with at_work() as queue:
        queue.send(publish(stage))
        assert "MessageId" in told(queue.runs(messages=1)[0])["called"]
        deadline = time.monotonic() + 60
        while "logs:PutLogEvents" not in of_notification(stage).used and time.monotonic() < deadline:
            time.sleep(0.1)
    found = of_notification(stage)
    assert {"logs:CreateLogStream", "sns:Publish", "sqs:DeleteMessage", "sqs:ReceiveMessage"} <= set(found.used)
    assert not {"sns:Publish", "sqs:ReceiveMessage"} & found.unused.keys()
    assert found.unused["dynamodb:BatchWriteItem"] == ""
    assert found.unused["kms:Decrypt"] == "no service of the emulator asks for the key"


@pytest.mark.slow
def test_what_no_policy_allows_is_denied(at_work: AtWork, stage: Stage) -> None:
    with at_work(batch=1, at_once=2) as queue:
        queue.send(
            {"call": ["s3", "list_buckets", {}]},
            {"call": ["dynamodb", "scan", {"TableName": "told"}]},
            {"call": ["iam", "list_roles", {}]},
        )
        answers = [told(run)["called"] for run in queue.runs(messages=3)]
    assert all("AccessDenied" in answer for answer in answers)
    assert {"s3:ListAllMyBuckets", "dynamodb:Scan", "iam:ListRoles"} <= of_notification(stage).denied.keys()


@pytest.mark.slow
def test_without_the_right_to_receive_nothing_is_taken_from_the_queue(at_work: AtWork, stage: Stage) -> None:
    with without(stage, "sqs:ReceiveMessage"), at_work() as queue:
        queue.send({})
        deadline = time.monotonic() + 60
        while not (troubles := queue.functions.troubles):  # each look at what is deployed makes it empty for a moment
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (trouble,) = troubles.values()
        assert "sqs:ReceiveMessage" in trouble
        assert queue.functions.runs.since(0) == (0, [])


@pytest.mark.slow
def test_a_role_is_not_taken_for_a_service_that_it_does_not_trust(at_work: AtWork, stage: Stage) -> None:
    iam, role = stage.deployed.client("iam"), stage.ref("NotificationRole")
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    other = json.dumps(trust).replace("lambda.amazonaws.com", "ec2.amazonaws.com")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=other)
    with at_work() as queue:
        queue.send({})
        deadline = time.monotonic() + 60
        while not (troubles := queue.functions.troubles):  # each look at what is deployed makes it empty for a moment
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (trouble,) = troubles.values()
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    assert trouble.endswith("does not trust lambda.amazonaws.com: look at its AssumeRolePolicyDocument")


def test_credentials_are_given_to_whom_they_are_meant_for_and_expire(stage: Stage) -> None:
    role = stage.deployed.client("iam").get_role(RoleName=stage.ref("NotificationRole"))["Role"]["Arn"]
    with desk(Roles(stage.aws)) as credentials:
        told = credentials.environment(role, LAMBDA, "someone")
        url = told["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        with urlopen(Request(url, headers={"Authorization": told["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})) as answer:
            given = json.load(answer)
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(url, headers={"Authorization": "guessed"}))
    assert given["RoleArn"] == role
    assert given["AccessKeyId"].startswith("ASIA")
    left = datetime.fromisoformat(given["Expiration"]) - datetime.now(UTC)
    assert timedelta(seconds=3000) < left <= timedelta(seconds=3600)
    assert refused.value.code == 403


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "retail.local.roles", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_report_can_be_asked_for_while_the_platform_runs(at_work: AtWork, stage: Stage) -> None:
    with at_work() as queue:
        queue.send({})
        queue.runs(messages=1)
    done = run("--endpoint-url", stage.aws.url, "--state", str(stage.state), "--json")
    assert done.returncode == 0, done.stderr
    roles = {(each["stack"], each["role"]): each for each in json.loads(done.stdout)}
    assert "sqs:ReceiveMessage" in roles["events", "NotificationRole"]["used"]
    assert roles["events", "OrderProcessorRole"]["used"] == []


def test_without_decisions_the_report_says_how_to_get_them(tmp_path: Any) -> None:
    done = run("--endpoint-url", "http://127.0.0.1:9", "--state", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == (
        f"roles: --state {tmp_path} holds no decisions: start the platform with make local IAM=enforce\n"
    )
