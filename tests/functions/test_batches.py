"""A deployed event source mapping at work: what it gathers, what comes back, and what is too much."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.functions.conftest import AtWork
from tests.functions.stage import Stage, told


def test_the_deployed_mapping_is_what_the_template_says(stage: Stage) -> None:
    from retail.local.functions.configured import Mapping

    mapping = Mapping.read(stage.deployed.client("lambda"), stage.ref("Notification"))
    assert mapping is not None
    assert mapping.enabled
    assert (mapping.batch_size, mapping.window_seconds, mapping.at_once) == (10, 5, 10)
    assert mapping.reports_failures


@pytest.mark.slow
def test_a_batch_waits_for_its_window_and_takes_what_comes_meanwhile(at_work: AtWork) -> None:
    with at_work(window=10) as queue:
        queue.send({"number": 1})
        time.sleep(1.5)
        queue.send({"number": 2})
        assert [run.messages for run in queue.runs(messages=2)] == [2]


@pytest.mark.slow
def test_a_full_batch_does_not_wait_and_holds_no_more_than_its_size(at_work: AtWork) -> None:
    with at_work(window=300, batch=10) as queue:
        queue.send(*[{"number": number} for number in range(12)])
        assert [run.messages for run in queue.runs(messages=10)] == [10]


def test_what_is_reported_as_failed_comes_back_and_is_a_dead_letter_after_three_receives(at_work: AtWork) -> None:
    with at_work() as queue:
        queue.send({"number": 0})
        queue.runs(messages=1)  # to start an environment may take longer than what follows is hidden
        queue.hide(2)
        queue.send({"number": 1}, {"fail": True}, {"number": 2})
        assert queue.dead_letters(1) == [{"fail": True}], "the others have not come back"
        runs = queue.runs(failed=3)
    assert sum(run.failed for run in runs) == 3
    assert not any(run.error for run in runs)


@pytest.mark.slow
def test_an_error_fails_the_whole_batch_and_leaves_the_environment_warm(at_work: AtWork) -> None:
    with at_work() as queue:
        queue.send({"number": 1}, {"raise": True})
        (failing,) = queue.runs(messages=2)
        queue.send({"number": 3})
        after = queue.runs(messages=3)[-1]
    assert failing.failed == 2
    assert failing.error == "RuntimeError: as it was asked to"
    assert not after.is_cold


def test_a_run_beyond_its_time_is_killed_and_its_batch_comes_back(at_work: AtWork) -> None:
    with at_work(timeout=3) as queue:
        queue.send({"number": 1})
        first = told(queue.runs(messages=1)[0])
        assert 0 < first["left_ms"] <= 3000
        queue.hide(5)
        queue.send({"sleep": 30})
        late, again = queue.runs(messages=4)[2:4]
        assert late.error == again.error == "Sandbox.Timedout: Task timed out after 3.00 seconds"
        assert (late.is_cold, again.is_cold) == (False, True)
        with pytest.raises(ProcessLookupError):
            os.kill(first["pid"], 0)


@pytest.mark.slow
def test_an_error_is_in_the_metric_that_the_deployed_alarm_watches(at_work: AtWork, stage: Stage) -> None:
    cloudwatch = stage.deployed.client("cloudwatch")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[stage.ref("NotificationFailing")])["MetricAlarms"]
    watched = {key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions")}
    began = datetime.now(UTC) - timedelta(minutes=1)
    with at_work() as queue:
        queue.send({"raise": True})
        queue.runs(messages=1)
        deadline = time.monotonic() + 60
        counted = 0.0
        while not counted and time.monotonic() < deadline:
            ends = datetime.now(UTC) + timedelta(minutes=1)
            found = cloudwatch.get_metric_statistics(
                **watched, StartTime=began, EndTime=ends, Period=60, Statistics=["Sum"]
            )
            counted = sum(point["Sum"] for point in found["Datapoints"])
    assert counted >= 1


@pytest.mark.slow
def test_no_more_run_at_once_than_the_mapping_allows(at_work: AtWork) -> None:
    with at_work(batch=1, at_once=2) as queue:
        queue.send(*[{"sleep": 2}] * 6)
        runs = [told(run) for run in queue.runs(messages=6)]
    overlaps = [sum(other["began"] <= run["began"] < other["ended"] for other in runs) for run in runs]
    assert max(overlaps) == 2
    assert len({run["pid"] for run in runs}) == 2
