"""What the templates say is what runs: a changed template is a changed platform."""

from __future__ import annotations

import json
import os
import re
import signal
from functools import partial
from pathlib import Path

import httpx
import pytest

from retail.contracts import parameters
from tests.platform.program import PATIENCE_SECONDS, Program, archived, changed, eventually, place, running, tasks

get = partial(httpx.get, timeout=PATIENCE_SECONDS)


@pytest.mark.slow
def test_a_rule_with_another_pattern_lets_no_order_reach_the_function(tmp_path: Path) -> None:
    templates = changed(
        tmp_path,
        "06-events.yaml",
        "        detail-type:\n        - OrderPlaced\n        - PaymentProcessed\n",
        "        detail-type:\n        - PaymentProcessed\n",
    )
    with running(tmp_path / "state", "--templates", templates) as program:
        order_id = place(program.url)
        eventually(lambda: archived(program, "inventory", order_id))
        assert not archived(program, "orders", order_id)


@pytest.mark.slow
def test_as_many_tasks_run_as_the_service_wants_with_what_its_definition_says(tmp_path: Path) -> None:
    templates = changed(
        tmp_path,
        "04-application.yaml",
        "      DesiredCount: !If [HasDesiredCount, !Ref DesiredCount, !Ref 'AWS::NoValue']\n",
        "      DesiredCount: 3\n",
    )
    with running(tmp_path / "state", "--templates", templates) as program:
        hosts = program.told(r"storefront: 3 tasks at ([\d., ]+), port 8080").split(", ")
        assert [get(f"http://{host}:8080/readyz").json()["missing"] for host in hosts] == [[], [], []]
        group = program.stack("ingress")["StorefrontTargets"]
        shown = program.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        assert {(each["Target"]["Id"], each["Target"]["Port"]) for each in shown} == {(host, 8080) for host in hosts}


@pytest.mark.slow
def test_a_permission_that_is_taken_out_of_a_template_is_denied_and_told(tmp_path: Path) -> None:
    templates = changed(tmp_path, "04-application.yaml", "- events:PutEvents\n", "- events:TestEventPattern\n")
    with running(tmp_path / "state", "--templates", templates, "--iam") as program:
        order_id = place(program.url)
        bus = r"arn:aws:events:us-east-1:\d+:event-bus/retail-dev-RetailEventBus"
        said = re.compile(rf"retail-dev-application-TaskRole-\w+: is denied events:PutEvents on {bus}\n")
        eventually(lambda: said.search(program.said()))
        assert not archived(program, "orders", order_id)
        assert program.interrupt() == 0
        assert re.search(rf"application TaskRole\n(  .*\n)*  DENIED    events:PutEvents on {bus}\n", program.said())


def test_the_stacks_name_the_real_database_and_cache(program: Program) -> None:
    ssm = program.client("ssm")

    def told(name: str) -> str:
        return str(ssm.get_parameter(Name=f"/retail/dev/{name}")["Parameter"]["Value"])

    port = program.told(r"database: PostgreSQL at 127.0.0.1 and its reader at 127.0.0.2, port (\d+)")
    assert (told(parameters.WRITER_HOST), told(parameters.DATABASE_PORT)) == ("127.0.0.1", port)
    assert told(parameters.READER_HOST) == "127.0.0.2"
    assert told(parameters.CACHE_PORT) == program.told(r"behind TLS at localhost:(\d+)")
    functions = program.client("lambda")
    variables = functions.get_function_configuration(FunctionName=program.stack("events")["OrderProcessor"])
    assert variables["Environment"]["Variables"]["DATABASE_PORT"] == port


def test_nobody_comes_to_the_load_balancer_past_cloudfront(program: Program) -> None:
    balancer = program.told(r"load balancer\s+(http://\S+)")
    answers = [get(balancer), get(balancer, headers={"X-Origin-Verify": "guessed"})]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert get(program.url).status_code == 200


def test_a_task_that_is_killed_is_started_again_and_told_of(program: Program) -> None:
    before = tasks(program)
    hosts = sorted(before)
    assert len(hosts) == 2
    os.kill(before[hosts[0]], signal.SIGKILL)
    eventually(lambda: "task-1: ended and is started again" in program.said())
    eventually(lambda: tasks(program).get(hosts[0], before[hosts[0]]) != before[hosts[0]])
    group = program.stack("ingress")["StorefrontTargets"]

    def registered() -> set[str]:
        shown = program.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {each["Target"]["Id"] for each in shown}

    eventually(lambda: registered() == set(hosts))
    assert get(f"http://{hosts[0]}:8080/healthz").status_code == 200
    assert tasks(program)[hosts[1]] == before[hosts[1]]


def test_tasks_have_their_role_s_credentials_and_nobody_else_s(program: Program) -> None:
    task = max(tasks(program).values())
    variables = dict(
        line.split("=", 1) for line in Path(f"/proc/{task}/environ").read_text().split("\0") if "=" in line
    )
    assert "AWS_ACCESS_KEY_ID" not in variables
    given = get(
        variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
        headers={"Authorization": variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]},
    ).json()
    assert given["RoleArn"].rpartition("/")[2] == program.stack("application")["TaskRole"]
    secret = program.client("secretsmanager").get_secret_value(SecretId=program.stack("security")["DatabaseSecret"])
    assert variables["DATABASE_PASSWORD"] == json.loads(secret["SecretString"])["password"]


def test_what_tasks_write_is_in_their_deployed_log_group(program: Program) -> None:
    order_id = place(program.url)
    logs, group = program.client("logs"), program.stack("application")["StorefrontLogs"]

    def written() -> set[str]:
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        return {
            each["logStreamName"]
            for each in streams
            for event in logs.get_log_events(logGroupName=group, logStreamName=each["logStreamName"])["events"]
            if '"path": "/api/orders"' in event["message"]
        }

    assert order_id
    eventually(written)
    assert written() <= {"storefront/storefront/task-1", "storefront/storefront/task-2"}
