"""The archive replayed by its drill: what was done stays as it is, what was lost comes back, nobody is told again."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from subprocess import CompletedProcess
from typing import Any

import pytest

from retail.contracts.events import OrderPlaced
from retail.ops.drills.place import Place
from retail.ops.drills.replay import Span
from retail.storefront.census import PREFIX, census
from retail.storefront.order_types import Order
from tests.drills.conftest import Drill, drill_on
from tests.drills.stand_in import answering_json
from tests.proof.platform import Platform
from tests.proof.world import CARD, CUSTOMER, INVENTORY, NOTIFICATION, ORDERS, World


class Ecs:
    """What of ECS the drill asks: a task that counts, really, in the test's database."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.tasks: list[list[str]] = []
        self.fails = False

    def answer(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        match action:
            case "DescribeServices":
                network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
                return {"services": [{"taskDefinition": "storefront:7", "networkConfiguration": network}]}
            case "DescribeTaskDefinition":
                return {"taskDefinition": {"containerDefinitions": [{"name": "storefront"}]}}
            case "RunTask":
                assert asked["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == ["subnet-1"]
                (override,) = asked["overrides"]["containerOverrides"]
                self.run(override["command"])
                return {"tasks": [{"taskArn": self.arn()}], "failures": []}
            case "DescribeTasks":
                ended = {"lastStatus": "STOPPED", "containers": [{"exitCode": int(self.fails)}]}
                return {"tasks": [ended | {"taskArn": self.arn(), "stoppedReason": "it was to fail"}]}
        raise AssertionError(action)

    def arn(self) -> str:
        return f"arn:aws:ecs:us-east-1:123456789012:task/shop/{id(self)}-{len(self.tasks)}"

    def run(self, command: list[str]) -> None:
        self.tasks.append(command)
        assert command[:3] == ["python", "-m", "retail.storefront.census"]
        with self._world.open_connection() as connection:
            counted = census(connection, datetime.fromisoformat(command[3]))
        logs, group = self._world.platform.client("logs"), self._world.platform.made["StorefrontLogs"]
        stream = f"storefront/storefront/{self.arn().rpartition('/')[2]}"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        event = {"timestamp": int(time.time() * 1000), "message": PREFIX + json.dumps(counted)}
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])


def served(ecs: Ecs) -> AbstractContextManager[str]:
    """The URL at which it answers."""
    return answering_json(ecs.answer)


@pytest.fixture
def ecs(world: World) -> Ecs:
    return Ecs(world)


@pytest.fixture
def replay(world: World, ecs: Ecs) -> Iterator[Callable[..., CompletedProcess[str]]]:
    """The drill on the last hour, while the functions work."""
    ends = threading.Event()

    def work() -> None:
        while not ends.is_set():
            for pipeline in (ORDERS, INVENTORY, NOTIFICATION):
                world.mapping(pipeline).poll()
            time.sleep(0.05)

    with served(ecs) as url:
        aws = world.platform.aws
        drill = drill_on(aws, aws.environment | {"AWS_ENDPOINT_URL_ECS": url})
        worker = threading.Thread(target=work, daemon=True)

        def run(*arguments: str) -> CompletedProcess[str]:
            worker.start()
            begin = datetime.now(UTC) - timedelta(hours=1)
            # The emulator's archive knows no delay, and its events are of this minute.
            return drill("replay", "--from", begin.isoformat(), "--to", datetime.now(UTC).isoformat(), *arguments)

        yield run
        ends.set()
        worker.join(30)


def sold(world: World) -> tuple[str, Order]:
    """A product of which one order has taken four of ten pieces, and all that follows is done."""
    sku = world.stock(on_hand=10)
    order = world.place((sku, 4))
    world.orders().pay(order.order_id, CUSTOMER, CARD)
    world.publish()
    world.work()
    assert world.told(order) == [OrderPlaced.__name__]
    return sku, order


def test_a_replay_changes_nothing_tells_nobody_and_says_so(
    world: World, ecs: Ecs, replay: Callable[..., CompletedProcess[str]]
) -> None:
    sku, order = sold(world)
    before = world.order(order), world.on_hand(sku)
    done = replay()
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^replay retail-dev-[0-9a-f]{8}-\d{14} is completed$", done.stdout, re.MULTILINE)
    assert "the functions have worked off their queues" in done.stdout
    assert re.search(r"^the state is unchanged: anew 0, order_lines \d+, orders \d+, processed", done.stdout, re.M)
    assert (world.order(order), world.on_hand(sku)) == before
    assert world.told(order) == []
    assert len(ecs.tasks) == 2
    assert ecs.tasks[0] == ecs.tasks[1], "both count as of the same moment"


@pytest.mark.slow
def test_what_was_lost_comes_back_by_a_replay_and_is_told_as_a_difference(
    world: World, replay: Callable[..., CompletedProcess[str]]
) -> None:
    sku, order = sold(world)
    before = world.order(order)
    with world.writer.connection() as connection:
        connection.execute("DELETE FROM orders WHERE order_id = %s", [order.order_id])
        connection.execute("DELETE FROM processed_events WHERE consumer = 'orders'")
    done = replay("--rule", "order-processing")
    assert done.returncode == 1
    assert "the replay has changed anew, order_lines, orders" in done.stderr
    assert world.order(order) == before
    assert world.on_hand(sku) == (6, 0)
    assert world.told(order) == []


@pytest.mark.slow
def test_a_count_that_fails_is_said_and_the_replay_goes_on(
    world: World, ecs: Ecs, replay: Callable[..., CompletedProcess[str]]
) -> None:
    sold(world)
    ecs.fails = True
    done = replay()
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"the state is not compared: task {ecs.arn()} failed: it was to fail" in done.stdout
    assert "is completed" in done.stdout


def test_a_dry_run_says_what_would_be_replayed_and_replays_nothing(world: World, drill: Drill) -> None:
    events = world.platform.client("events")
    before = events.list_replays()["Replays"]
    day = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%d")
    done = drill("replay", "--from", f"{day}T00:00Z", "--to", f"{day}T12:00Z", "--dry-run")
    assert done.returncode == 0, done.stderr
    span = f"{day}T00:00:00+00:00 to {day}T12:00:00+00:00"
    to = "order-processing, inventory-update"
    assert done.stdout == f"would replay {span} of retail-dev-RetailEventArchive to {to}\n"
    assert events.list_replays()["Replays"] == before


def test_a_replay_until_now_is_found_again_by_the_same_command_a_minute_later() -> None:
    here, begin = Place("retail", "dev", "eu-west-1"), datetime(2026, 11, 20, tzinfo=UTC)
    first, later, bounded = (
        Span(begin, begin + timedelta(minutes=minutes), ("order-processing",), is_until_now=open_end).name(here)
        for minutes, open_end in ((60, True), (61, True), (61, False))
    )
    assert first == later != bounded


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "yesterday"), "--from yesterday: give a time with its zone, such as 2026-11-20T00:00Z"),
        (("--from", ""), "--from is missing: give a time with its zone, such as 2026-11-20T00:00Z"),
        (("--from", "2026-11-20T00:00"), "--from 2026-11-20T00:00: give a time with its zone"),
        (("--from", "2999-01-01T00:00Z"), "--from 2999-01-01T00:00Z: give a time before --to"),
        (("--from", "2020-01-01T00:00Z"), "--from 2020-01-01T00:00Z: the archive goes back 90 days"),
        (
            ("--from", "2020-01-01T00:00Z", "--rule", "customer-notification"),
            "--rule customer-notification: give order-processing or inventory-update; customers are never told again",
        ),
    ],
)
def test_wrong_input_is_told_in_one_line_with_status_2(drill: Drill, arguments: tuple[str, ...], sentence: str) -> None:
    done = drill("replay", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"retail.ops.drills.replay: {sentence}")
    assert done.stderr.count("\n") == 1


def test_how_far_the_archive_goes_back_is_what_it_says_itself(deployed: Platform, drill: Drill) -> None:
    events, archive = deployed.client("events"), "retail-dev-RetailEventArchive"
    days = events.describe_archive(ArchiveName=archive)["RetentionDays"]
    begin = (datetime.now(UTC) - timedelta(days=40)).strftime("%Y-%m-%dT00:00Z")
    try:
        events.update_archive(ArchiveName=archive, RetentionDays=30)
        done = drill("replay", "--from", begin, "--dry-run")
    finally:
        events.update_archive(ArchiveName=archive, RetentionDays=days)
    assert done.stderr == f"retail.ops.drills.replay: --from {begin}: the archive goes back 30 days\n"
    assert drill("replay", "--from", begin, "--dry-run").returncode == 0
