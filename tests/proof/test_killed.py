"""Processes that are killed between two steps: what was done is not lost, and what is done again is not done twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from uuid import uuid4

import pytest

from retail.contracts.events import InventoryReserved, OrderPlaced
from tests.emitted import ROOT
from tests.proof.world import INVENTORY, NOTIFICATION, ORDERS, World, eventually

Kill = Callable[..., None]


@pytest.fixture
def kill(environment: dict[str, str]) -> Kill:
    """Run a victim, and see it killed."""

    def run(*arguments: str) -> None:
        command = [sys.executable, "-m", "tests.proof.victim", *arguments]
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        assert ended.returncode == -signal.SIGKILL, f"it lives: {ended.stdout}{ended.stderr}"

    return run


def test_an_order_outlives_a_storefront_that_dies_between_commit_and_publish(world: World, kill: Kill) -> None:
    sku, customer = world.stock(on_hand=10), f"customer-{uuid4()}"
    kill("checkout", customer, sku, "4")
    (order,) = world.orders().history(customer)
    assert world.unpublished(order) == 2
    assert world.on_hand(sku) == (10, 4)
    world.publish()
    world.work()
    assert world.is_processed(order)
    assert world.on_hand(sku) == (6, 0)
    assert len(world.lake("orders", order)) == 1
    assert world.told(order) == [OrderPlaced.__name__]


@pytest.mark.parametrize(
    ("point", "published"),
    [("before-call.eventbridge.PutEvents", 0), ("after-call.eventbridge.PutEvents", 1)],
    ids=["before-publish", "between-publish-and-mark"],
)
def test_events_outlive_a_relay_that_dies(world: World, kill: Kill, point: str, published: int) -> None:
    sku = world.stock(on_hand=10)
    order = world.place((sku, 4))
    kill("relay", world.relay()._bus, point)
    assert [world.mapping(each).waiting() for each in (ORDERS, INVENTORY)] == [published] * 2
    world.work()
    # When the database has noticed, it lets the rows go.
    eventually(lambda: len(world.rows("SELECT 1 FROM outbox FOR UPDATE SKIP LOCKED")) == 2)
    assert world.unpublished(order) == 2
    world.publish()
    assert world.unpublished(order) == 0
    world.work()
    assert world.is_processed(order)
    assert world.on_hand(sku) == (6, 0)
    assert {record["event_id"] for record in world.lake("orders", order)} == {
        each["detail"]["event_id"]
        for each in world.envelopes(order.order_id)
        if each["detail-type"] == OrderPlaced.__name__
    }
    assert world.told(order) == [OrderPlaced.__name__]


@pytest.mark.parametrize(
    ("point", "archived"),
    [("before-call.s3.PutObject", 0), ("before-call.sqs.DeleteMessage", 1)],
    ids=["between-commit-and-archive", "between-archive-and-delete"],
)
@pytest.mark.parametrize(("pipeline", "domain"), [(ORDERS, "orders"), (INVENTORY, "inventory")])
def test_a_message_outlives_a_function_that_dies_before_it_is_deleted(
    world: World, kill: Kill, pipeline: str, domain: str, point: str, archived: int
) -> None:
    skus = [world.stock(on_hand=10), world.stock(on_hand=10)]
    order = world.place((skus[0], 4), (skus[1], 1))
    world.publish()
    kill("work", pipeline, world.platform.queue(pipeline), point)
    committed = pipeline == INVENTORY
    assert world.is_processed(order) == (not committed)
    assert [world.on_hand(sku) for sku in skus] == ([(6, 0), (9, 0)] if committed else [(10, 4), (10, 1)])
    assert bool(world.lake(domain, order)) == bool(archived)
    assert world.mapping(pipeline).waiting() == (2 if committed else 1)

    world.work()
    assert world.is_processed(order)
    assert [world.on_hand(sku) for sku in skus] == [(6, 0), (9, 0)]
    archive = world.lake(domain, order)
    assert len(archive) == (2 if committed else 1), "the same batch is the same object"
    if committed:
        assert {(each["event_type"], each["sku"], each["stock_after"]) for each in archive} == {
            (InventoryReserved.__name__, skus[0], 6),
            (InventoryReserved.__name__, skus[1], 9),
        }
    assert world.waiting() == {}


@pytest.mark.parametrize(
    ("point", "times"),
    [("before-call.sns.PublishBatch", 1), ("after-call.sns.PublishBatch", 2), ("before-call.sqs.DeleteMessage", 1)],
    ids=["before-publish", "between-publish-and-note", "between-note-and-delete"],
)
def test_a_customer_is_told_twice_rather_than_never_and_once_if_it_was_noted(
    world: World, kill: Kill, point: str, times: int
) -> None:
    order = world.place((world.stock(on_hand=1), 1))
    world.publish()
    kill("work", NOTIFICATION, world.platform.queue(NOTIFICATION), point)
    assert world.mapping(NOTIFICATION).waiting() == 1
    world.work()
    assert world.told(order) == [OrderPlaced.__name__] * times
    assert world.waiting() == {}
