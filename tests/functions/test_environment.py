"""An execution environment: what a function finds there, and what it does not."""

from __future__ import annotations

import time

import pytest

from tests.functions.conftest import AtWork
from tests.functions.stage import Stage, probe, told, zipped


@pytest.mark.slow
def test_an_environment_is_used_again(at_work: AtWork) -> None:
    with at_work() as queue:
        queue.send({})
        queue.runs(messages=1)
        queue.send({})
        first, second = queue.runs(messages=2)
    assert (first.is_cold, second.is_cold) == (True, False)
    assert told(first)["pid"] == told(second)["pid"]


def test_a_function_is_told_what_is_deployed_and_has_nobody_elses_credentials(at_work: AtWork, stage: Stage) -> None:
    configured = stage.deployed.client("lambda").get_function_configuration(FunctionName=stage.ref("Notification"))
    with at_work() as queue:
        queue.send({"environment": True}, {"call": ["sts", "get_caller_identity", {}]})
        facts = told(queue.runs(messages=2)[0])
    found = facts["environment"]
    assert configured["Environment"]["Variables"].items() <= found.items()
    assert (found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], found["AWS_REGION"]) == ("512", "us-east-1")
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"} & found.keys()
    assert "test" not in found.values()
    assert facts["arn"] == configured["FunctionArn"]
    role, name = configured["Role"].rsplit("/", 1)[-1], configured["FunctionName"]
    assert facts["called"]["Arn"] == f"arn:aws:sts::123456789012:assumed-role/{role}/{name}"


def test_a_function_has_its_zip_and_what_lambda_brings_and_no_other_library(at_work: AtWork) -> None:
    with at_work(batch=1) as queue:
        queue.send(*[{"import": name} for name in ("botocore", "psycopg", "retail")])
        found = sorted(told(run)["imported"] for run in queue.runs(messages=3))
    assert found[0].endswith("/functions/runtime/botocore/__init__.py")
    assert found[1:] == ["No module named 'psycopg'", "No module named 'retail'"]


@pytest.mark.slow
def test_what_a_function_writes_is_in_its_deployed_log_group(at_work: AtWork, stage: Stage) -> None:
    with at_work() as queue:
        queue.send({"import": "json"})
        (run,) = queue.runs(messages=1)
        logs, group = stage.deployed.client("logs"), stage.ref("NotificationLogs")
        deadline = time.monotonic() + 60
        written: set[str] = set()
        while not set(run.log) <= written:
            assert time.monotonic() < deadline, (written, queue.functions.troubles)
            time.sleep(0.1)
            written = {event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]}
        assert any("platform.report" in line for line in written)


@pytest.mark.slow
def test_code_that_cannot_be_loaded_is_told(at_work: AtWork, stage: Stage) -> None:
    broken = zipped({"lambdas/notification/handler.py": "import nowhere\n"})
    stage.events(NotificationCodeKey=broken)
    with at_work() as queue:
        queue.send({})
        (run,) = queue.runs(messages=1)
    stage.events(NotificationCodeKey=probe())
    assert (run.failed, run.is_cold) == (1, True)
    assert run.error.startswith("Runtime.ImportModuleError: Unable to import module 'lambdas.notification.handler'")


@pytest.mark.slow
def test_a_stack_deployed_anew_is_followed(at_work: AtWork, stage: Stage) -> None:
    with at_work() as queue:
        queue.send({})
        queue.runs(messages=1)
        stage.events(NotificationCodeKey=probe("\nprint(json.dumps({'edition': 'second'}))\n"))
        deadline = time.monotonic() + 60
        count = 1
        while not any("edition" in line for run in queue.functions.runs.since(0)[1] for line in run.log):
            assert time.monotonic() < deadline
            count += 1
            queue.send({})
            queue.runs(messages=count)
    stage.events(NotificationCodeKey=probe())
