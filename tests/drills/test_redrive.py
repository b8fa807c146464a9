"""Failed messages that are mended and redriven: with the real functions and PostgreSQL, on the deployed queues."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import pytest

from lambdas.inventory_handler.stock import CONSUMER
from retail.contracts.events import InventoryReserved
from retail.local.emulator import REGION
from retail.storefront.order_types import Order
from tests.drills.conftest import Drill
from tests.emitted import ROOT
from tests.integration.programs import TOOLS
from tests.proof.world import INVENTORY, NOTIFICATION, ORDERS, World, eventually

QUEUE = ("--queue", "inventory-update")


@dataclass(frozen=True)
class Shop:
    """So many orders of one piece each; the product of some of them has lost its stock."""

    world: World
    good: list[Order]
    poisonous: list[Order]
    known: str
    unknown: str

    @classmethod
    def with_orders(cls, world: World, good: int, poisonous: int) -> Shop:
        known, unknown = world.stock(good), world.stock(poisonous)
        shop = cls(
            world,
            [world.place((known, 1)) for _ in range(good)],
            [world.place((unknown, 1)) for _ in range(poisonous)],
            known,
            unknown,
        )
        with world.writer.connection() as connection:
            connection.execute("DELETE FROM stock WHERE sku = %s", [unknown])
        return shop

    def reserved(self) -> list[dict[str, Any]]:
        """The reservations as their queue gets them, the poisonous spread among the good."""
        envelopes = [
            each
            for each in self.world.envelopes(*(order.order_id for order in [*self.good, *self.poisonous]))
            if each["detail-type"] == InventoryReserved.__name__
        ]
        return sorted(envelopes, key=lambda each: str(each["detail"]["event_id"]))

    def fail(self) -> list[dict[str, Any]]:
        """Let the function work all off: the good are done, the poisonous lie among the dead letters."""
        envelopes = self.reserved()
        self.world.send(INVENTORY, envelopes)
        self.world.mapping(INVENTORY).drain(300)
        return envelopes

    def mend(self) -> None:
        """Give the product its stock back."""
        count = len(self.poisonous)
        with self.world.writer.connection() as connection:
            connection.execute(
                "INSERT INTO stock (sku, on_hand, reserved) VALUES (%s, %s, %s)", [self.unknown, count, count]
            )

    def processed(self, envelopes: list[dict[str, Any]]) -> int:
        """How many of the events have been taken off."""
        ids = [each["detail"]["event_id"] for each in envelopes]
        ((count,),) = self.world.rows(
            "SELECT count(*) FROM processed_events WHERE consumer = %s AND event_id = ANY(%s::uuid[])", CONSUMER, ids
        )
        return int(count)


def is_redriven_whole(world: World, drill: Drill, good: int, poisonous: int) -> None:
    """Poison among many: it lies among the dead letters, is mended and redriven; nothing is lost or done twice."""
    shop = Shop.with_orders(world, good, poisonous)
    envelopes = shop.fail()
    assert world.waiting() == {f"{INVENTORY} dead": poisonous}
    assert shop.processed(envelopes) == good

    shop.mend()
    done = drill("redrive", *QUEUE, "--all", "--rate", "500")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"inventory-update: {poisonous} redriven to InventoryUpdateQueue in " in done.stdout
    assert done.stdout.rstrip().endswith(", 0 left")
    assert world.waiting() == {INVENTORY: poisonous}

    world.mapping(INVENTORY).drain()
    assert world.waiting() == {}
    assert shop.processed(envelopes) == good + poisonous
    assert (world.on_hand(shop.known), world.on_hand(shop.unknown)) == ((0, 0), (0, 0))
    archived = {each["event_id"] for each in world.lake("inventory", *shop.good, *shop.poisonous)}
    assert archived == {each["detail"]["event_id"] for each in envelopes}


def test_poison_among_sixty_messages_is_mended_and_redriven_and_nothing_is_lost_or_done_twice(
    world: World, drill: Drill
) -> None:
    is_redriven_whole(world, drill, good=54, poisonous=6)


@pytest.mark.slow
def test_twenty_poisonous_messages_of_a_thousand_are_mended_and_redriven_and_nothing_is_lost_or_done_twice(
    world: World, drill: Drill
) -> None:
    is_redriven_whole(world, drill, good=980, poisonous=20)


@pytest.mark.slow
def test_a_preview_counts_by_type_and_reason_and_leaves_every_message_where_it_is(world: World, drill: Drill) -> None:
    shop = Shop.with_orders(world, good=0, poisonous=2)
    (first, second) = shop.reserved()
    old = first | {"detail": first["detail"] | {"version": 99}}
    world.send(INVENTORY, [old, second])
    world.mapping(INVENTORY).drain()
    for _ in range(2):
        done = drill("redrive", *QUEUE, "--dry-run")
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert lines[0] == "inventory-update: 2 of 2 messages would go to InventoryUpdateQueue"
        assert sorted(line.partition(" old: ")[2] for line in lines[1:3]) == [
            "can be read; the log of InventoryHandler says more",
            "cannot be read: InventoryReserved.version: expected 1, got 99",
        ]
        assert all(line.startswith("  1 InventoryReserved, ") for line in lines[1:3])
        detail = second["detail"]
        assert any(
            f"InventoryReserved event_id {detail['event_id']} order_id {detail['order_id']}, " in x for x in lines
        )
    assert world.waiting() == {f"{INVENTORY} dead": 2}
    assert len(bodies(world, world.platform.dead_letters(INVENTORY))) == 2, "they are visible"


def bodies(world: World, queue: str) -> list[Any]:
    """What is visible in a queue, which is hidden for a moment by looking."""
    found: list[Any] = []
    while received := world.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=30).get(
        "Messages", []
    ):
        found += [json.loads(message["Body"]) for message in received]
    return found


def bury(world: World, pipeline: str, envelopes: list[dict[str, Any]]) -> None:
    """Put messages among a pipeline's dead letters."""
    for each in envelopes:
        world.sqs.send_message(QueueUrl=world.platform.dead_letters(pipeline), MessageBody=json.dumps(each))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "path"),
    [
        ("--event-id", ("detail", "event_id")),
        ("--order-id", ("detail", "order_id")),
        ("--where detail.sku=", ("detail", "sku")),
        ("--type", ("detail-type",)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_filter_takes_what_fits_and_the_rest_stays_visible(
    world: World, drill: Drill, option: str, path: tuple[str, ...]
) -> None:
    shop = Shop.with_orders(world, good=1, poisonous=1)
    wanted, other = shop.reserved()
    other["detail-type"] = "SomethingElse"
    bury(world, INVENTORY, [wanted, other])
    value: Any = wanted
    for key in path:
        value = value[key]
    words = option.split(" ")
    done = drill("redrive", *QUEUE, *words[:-1], *([words[-1] + value] if "=" in option else [words[-1], value]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert bodies(world, world.platform.queue(INVENTORY)) == [wanted]
    assert bodies(world, world.platform.dead_letters(INVENTORY)) == [other]


@pytest.mark.slow
def test_an_age_takes_only_what_is_as_old(world: World, drill: Drill) -> None:
    (envelope,) = Shop.with_orders(world, good=1, poisonous=0).reserved()
    bury(world, INVENTORY, [envelope])
    done = drill("redrive", *QUEUE, "--older-than", "1h")
    assert "inventory-update: 0 redriven to InventoryUpdateQueue in " in done.stdout
    assert done.stdout.rstrip().endswith(", 1 left")
    done = drill("redrive", *QUEUE, "--younger-than", "1h")
    assert done.stdout.rstrip().endswith(", 0 left")
    assert bodies(world, world.platform.queue(INVENTORY)) == [envelope]


@pytest.mark.slow
def test_message_attributes_go_with_the_message(world: World, drill: Drill) -> None:
    attributes = {"who": {"DataType": "String", "StringValue": "an operator"}}
    queue = world.platform.dead_letters(ORDERS)
    world.sqs.send_message(QueueUrl=queue, MessageBody="no JSON", MessageAttributes=attributes)
    done = drill("redrive", "--queue", "order-processing", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    (message,) = world.sqs.receive_message(
        QueueUrl=world.platform.queue(ORDERS), MessageAttributeNames=["All"], VisibilityTimeout=30
    )["Messages"]
    assert message["Body"] == "no JSON"
    assert message["MessageAttributes"]["who"]["StringValue"] == "an operator"


@pytest.mark.slow
def test_no_more_messages_a_second_are_sent_than_asked(world: World, drill: Drill) -> None:
    bury(world, INVENTORY, Shop.with_orders(world, good=24, poisonous=0).reserved())
    started = time.monotonic()
    done = drill("redrive", *QUEUE, "--all", "--rate", "10")
    assert done.stdout.rstrip().endswith(", 0 left")
    # Of three batches the second waits for the first's second, and the third for the second's.
    assert time.monotonic() - started > 2


@pytest.mark.parametrize(
    "point",
    [
        pytest.param("before-call.sqs.SendMessageBatch", marks=pytest.mark.slow),
        "after-call.sqs.SendMessageBatch",
        pytest.param("after-call.sqs.DeleteMessageBatch", marks=pytest.mark.slow),
    ],
)
def test_a_redrive_that_is_killed_loses_nothing_and_is_carried_on_by_the_next(
    world: World, drill: Drill, environment: dict[str, str], point: str
) -> None:
    shop = Shop.with_orders(world, good=0, poisonous=12)
    envelopes = shop.fail()
    shop.mend()
    killed = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.drills.victim",
            point,
            "--environment",
            "dev",
            "--region",
            REGION,
            *QUEUE,
            "--all",
        ],
        cwd=ROOT,
        env=environment | {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    dead = world.platform.dead_letters(INVENTORY)
    eventually(lambda: hidden(world, dead) == 0, 60)
    done = drill("redrive", *QUEUE, "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    world.mapping(INVENTORY).drain()
    assert world.waiting() == {}
    assert shop.processed(envelopes) == 12
    assert world.on_hand(shop.unknown) == (0, 0)


def hidden(world: World, queue: str) -> int:
    name = "ApproximateNumberOfMessagesNotVisible"
    return int(world.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])


@pytest.mark.slow
def test_what_the_rule_could_not_deliver_goes_to_its_queue_with_eventbridge_s_reason_shown(
    world: World, drill: Drill
) -> None:
    (envelope,) = Shop.with_orders(world, good=1, poisonous=0).reserved()
    noted = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "no permission to access the resource"}
    world.sqs.send_message(
        QueueUrl=world.platform.made["InventoryUpdateUndelivered"],
        MessageBody=json.dumps(envelope),
        MessageAttributes={key: {"DataType": "String", "StringValue": value} for key, value in noted.items()},
    )
    done = drill("redrive", "--queue", "inventory-update-undelivered", "--dry-run")
    assert "old: NO_PERMISSIONS: no permission to access the resource" in done.stdout
    done = drill("redrive", "--queue", "inventory-update-undelivered", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert bodies(world, world.platform.queue(INVENTORY)) == [envelope]


@pytest.mark.slow
def test_what_the_bus_could_not_take_goes_through_the_bus_again(world: World, drill: Drill) -> None:
    (envelope,) = Shop.with_orders(world, good=1, poisonous=0).reserved()
    world.sqs.send_message(QueueUrl=world.platform.made["BusUndelivered"], MessageBody=json.dumps(envelope))
    done = drill("redrive", "--queue", "bus-undelivered", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bus-undelivered: 1 redriven to RetailEventBus in " in done.stdout
    eventually(lambda: world.mapping(INVENTORY).waiting(), 60)
    world.work()
    assert world.rows("SELECT 1 FROM processed_events WHERE event_id = %s", envelope["detail"]["event_id"])
    assert world.waiting() == {}


@pytest.mark.slow
def test_what_the_bus_refuses_stays_and_is_told(world: World, drill: Drill) -> None:
    queue = world.platform.made["BusUndelivered"]
    world.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"source": "retail.storefront"}))
    done = drill("redrive", "--queue", "bus-undelivered", "--all")
    assert done.returncode == 1
    assert done.stderr == "bus-undelivered: 1 messages were refused by RetailEventBus and stay; see --dry-run\n"
    assert bodies(world, queue) == [{"source": "retail.storefront"}]
    world.sqs.purge_queue(QueueUrl=queue)


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", ["customer-notification", "raw-object"])
def test_every_pipeline_s_dead_letters_have_their_way_back(world: World, drill: Drill, pipeline: str) -> None:
    title = {"customer-notification": NOTIFICATION, "raw-object": "RawObject"}[pipeline]
    world.sqs.purge_queue(QueueUrl=world.platform.queue(title))
    bury(world, title, [{"detail-type": "any"}])
    done = drill("redrive", "--queue", pipeline, "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert bodies(world, world.platform.queue(title)) == [{"detail-type": "any"}]
    assert bodies(world, world.platform.dead_letters(title)) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--queue", "", "--all"), "--queue is missing: give one of order-processing, "),
        (("--queue", "orders", "--all"), "--queue orders: give one of order-processing, "),
        (QUEUE, "nothing is redriven: say ONLY=--all, or a filter; DRY_RUN=yes shows first"),
        ((*QUEUE, "--all", "--type", "X"), "--all and a filter: give the one or the other"),
        ((*QUEUE, "--where", "sku"), "--where sku: give PATH=VALUE, such as detail.sku=KET-1"),
        ((*QUEUE, "--older-than", "2"), "--older-than 2: give a number and its unit, such as 90s, 15m, 2h or 3d"),
        ((*QUEUE, "--all", "--rate", "0"), "--rate 0: give 0.1 to 3000 messages a second"),
        (
            (*QUEUE, "--all", "--project", "other"),
            "--environment dev: there is no InventoryUpdateQueue in stack other-dev-events of us-east-1; "
            "deploy 06 first",
        ),
    ],
)
def test_wrong_input_is_told_in_one_line_with_status_2(drill: Drill, arguments: tuple[str, ...], sentence: str) -> None:
    done = drill("redrive", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"retail.ops.drills.redrive: {sentence}")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
