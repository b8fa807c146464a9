"""What the page is told, read from deployed stacks, a real database, a real cache and a lake with objects in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import boto3
import pytest

from lambdas.inventory_handler import handler as inventory
from lambdas.notification import handler as notification
from lambdas.order_processor import handler as orders
from retail.contracts import parameters
from retail.local.emulator import REGION
from retail.local.platform.deployed import Deployed
from retail.local.watch import passes, poison, wiring
from retail.local.watch.facts import Data, Depth
from retail.local.watch.picture import picture
from retail.local.watch.readings import Readings
from retail.local.watch.watched import Snapshot
from retail.runtime import database
from retail.runtime.database import Target
from retail.storefront.carts import CartLine
from retail.storefront.migrate import migrate
from retail.storefront.orders import Orders
from retail.storefront.payments import Sandbox
from retail.storefront.relay import Relay
from tests.emitted import FILES, resources, template
from tests.proof.conftest import forget_parts
from tests.proof.service import Mapping
from tests.watch.conftest import Stage
from tests.watch.recorded import PATIENCE_SECONDS

HANDLERS = {
    "OrderProcessor": orders.handler,
    "InventoryHandler": inventory.handler,
    "Notification": notification.handler,
}
SKU = "WATCH-1"


@pytest.fixture(scope="package")
def opened(stage: Stage) -> Stage:
    """The stage with a shop's tables and one product."""
    deployed = stage.deployed
    arn = deployed.output("security", "DatabaseSecretArn")
    login = database.login(deployed.client("secretsmanager"), arn)
    stage.postgres.admit(login.username, login.password, deployed.output("data", "DatabaseName"))
    user = deployed.client("ssm").get_parameter(Name=f"/watch/dev/{parameters.CACHE_USER}")["Parameter"]["Value"]
    stage.cache.admit(user)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGSSLROOTCERT", str(stage.postgres.certificate))
        target = _target(stage)
        migrate(target, login.username, login.password)
        with database.connect(target, login.username, login.password, statement_timeout_ms=30_000) as connection:
            connection.execute(
                "INSERT INTO products (sku, name, description, category, price_cents, currency, picture)"
                " VALUES (%s, 'Kettle', 'Boils water.', 'kitchen', 1250, 'EUR', 'kettle.svg')",
                [SKU],
            )
            connection.execute("INSERT INTO stock (sku, on_hand) VALUES (%s, 50)", [SKU])
    return stage


def _target(stage: Stage) -> Target:
    outputs = stage.deployed.outputs("data")
    return Target(outputs["DatabaseHost"], int(outputs["DatabasePort"]), outputs["DatabaseName"])


@pytest.fixture
def shop(opened: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The stage, and the functions told what the deployed stacks tell them."""
    deployed = opened.deployed
    told = dict(deployed.aws.environment)
    for function in HANDLERS:
        name = deployed.ref("events", function)
        told |= deployed.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    told |= {"PGSSLROOTCERT": str(opened.postgres.certificate), "SSL_CERT_FILE": str(opened.cache.certificate)}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    forget_parts()
    yield opened
    forget_parts()


@pytest.fixture
def readings(shop: Stage) -> Iterator[Readings]:
    reading = shop.readings()
    yield reading
    reading.close()


def place(stage: Stage) -> str:
    """Place an order of two pieces and publish its events; returns its id."""
    login = database.login(
        stage.deployed.client("secretsmanager"), stage.deployed.output("security", "DatabaseSecretArn")
    )
    target = _target(stage)
    with database.pool(
        target, login.username, login.password, statement_timeout_ms=30_000, size=2, wait_seconds=30
    ) as pool:
        order = Orders(pool, Sandbox()).checkout("c-1", [CartLine(sku=SKU, quantity=2)], str(uuid4()))
        client = stage.deployed.client
        bus = stage.deployed.ref("events", "RetailEventBus")
        relay = Relay(pool, client("events"), bus, client("s3"), stage.deployed.output("data", "LakeBucketName"))
        while relay.publish():
            pass
    return str(order.order_id)


def work(deployed: Deployed) -> None:
    """Let the functions work off their queues."""
    for pipeline in wiring.read(deployed).pipelines:
        if pipeline.function in HANDLERS:
            url = deployed.ref("events", pipeline.queue)
            Mapping(deployed.client("sqs"), url, HANDLERS[pipeline.function]).drain()


def until(read: Callable[[], Data], is_so: Callable[[Data], bool]) -> Data:
    """Read until something is so; what is read seldom takes some seconds to be seen."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so(data := read()):
        assert time.monotonic() < deadline, repr(data)
        time.sleep(0.1)
    return data


def test_an_orders_way_is_read_from_rows_objects_and_the_ledger(shop: Stage, readings: Readings) -> None:
    order_id = place(shop)
    until(readings.read, lambda data: data.depths.get("OrderProcessingQueue") == Depth(waiting=1))
    work(shop.deployed)

    def way_of(data: Data) -> list[passes.Pass]:
        return passes.of_orders(Snapshot(time.time(), data)).get(order_id, [])

    way = way_of(until(readings.read, lambda data: len(way_of(data)) == 8))
    assert {each.text: each.parts for each in way} == {
        "Placed: written": ("tasks", "writer"),
        "OrderPlaced on the bus": ("relay", "bus"),
        "InventoryReserved on the bus": ("relay", "bus"),
        "OrderProcessor wrote OrderPlaced": (
            "bus", "rule-OrderProcessingRule", "queue-OrderProcessingQueue", "function-OrderProcessor", "writer",
        ),
        "InventoryHandler wrote InventoryReserved": (
            "bus", "rule-InventoryUpdateRule", "queue-InventoryUpdateQueue", "function-InventoryHandler", "writer",
        ),
        "OrderPlaced in the lake": ("function-OrderProcessor", "raw-orders"),
        "InventoryReserved in the lake": ("function-InventoryHandler", "raw-inventory"),
        "Customer told of OrderPlaced": (
            "bus", "rule-CustomerNotificationRule", "queue-CustomerNotificationQueue", "function-Notification", "topic",
        ),
    }  # fmt: skip
    exact = [each.at for each in way if each.is_exact]
    assert exact == sorted(exact)
    assert way[0].text == "Placed: written"
    assert all(abs(each.at - way[0].at) < 60 for each in way)


@pytest.mark.slow
def test_a_poison_message_goes_the_whole_way_to_the_dead_letters(shop: Stage, readings: Readings) -> None:
    outcome = poison.send(shop.deployed, "InventoryUpdateRule")
    assert outcome.is_done
    assert outcome.text == (
        "A broken InventoryReserved is on the bus. InventoryHandler fails it as often as its queue gives it out; "
        "after about 18 minutes it is a dead letter, as the visibility timeout is the queue's own."
    )
    work(shop.deployed)
    data = until(readings.read, lambda data: data.depths.get("InventoryUpdateDeadLetters", Depth()).waiting > 0)
    assert data.depths["InventoryUpdateDeadLetters"].waiting == 1
    assert data.depths["InventoryUpdateQueue"].waiting == 0


@pytest.mark.slow
def test_a_rule_that_is_not_there_is_not_poisoned(shop: Stage) -> None:
    assert not poison.send(shop.deployed, "NobodysRule").is_done
    assert not poison.send(shop.deployed, "RawObjectRule").is_done


@pytest.mark.slow
def test_a_database_and_a_cache_that_are_down_are_silent_and_the_rest_is_read(shop: Stage, readings: Readings) -> None:
    until(readings.read, lambda data: not data.silent)
    shop.postgres.stop()
    shop.cache.stop()
    try:
        data = readings.read()
        assert {"writer", "cache"} <= set(data.silent)
        assert data.shop is None
        assert data.cache is None
        assert data.depths["OrderProcessingQueue"].waiting == 0
    finally:
        shop.postgres.start()
        shop.cache.start()
        login = shop.deployed.client("ssm").get_parameter(Name=f"/watch/dev/{parameters.CACHE_USER}")
        shop.cache.admit(login["Parameter"]["Value"])
    until(readings.read, lambda data: not data.silent)


@pytest.mark.slow
def test_looking_reads_no_table_of_the_shop_on_the_reader(readings: Readings) -> None:
    first = until(readings.read, lambda data: data.reader is not None).reader
    for _ in range(8):
        time.sleep(0.4)  # a server shows what it has counted after a second
        last = until(readings.read, lambda data: data.reader is not None).reader
    assert first
    assert last
    assert last.scans == first.scans


def test_the_picture_holds_what_the_stacks_wire(shop: Stage) -> None:
    wires = wiring.read(shop.deployed)
    assert [(each.rule, each.matches, each.queue, each.dead_letters, each.undelivered, each.function)
            for each in wires.pipelines] == [
        ("OrderProcessingRule", ("OrderPlaced", "PaymentProcessed"), "OrderProcessingQueue",
         "OrderProcessingDeadLetters", "OrderProcessingUndelivered", "OrderProcessor"),
        ("InventoryUpdateRule", ("InventoryReserved",), "InventoryUpdateQueue",
         "InventoryUpdateDeadLetters", "InventoryUpdateUndelivered", "InventoryHandler"),
        ("CustomerNotificationRule", ("OrderPlaced", "OrderShipped"), "CustomerNotificationQueue",
         "CustomerNotificationDeadLetters", "CustomerNotificationUndelivered", "Notification"),
        ("RawObjectRule", ("Object Created",), "RawObjectQueue",
         "RawObjectDeadLetters", "RawObjectUndelivered", "CrawlerTrigger"),
    ]  # fmt: skip
    assert wires.behaviours == ["/api/*", "/static/*", "/images/*", "Default (*)"]
    assert list(wires.rules) == ["IpReputation", "AnonymousIp", "RateLimit", "KnownBadInputs", "SqlInjection", "Common"]
    assert set(wires.crawlers) == {"RawOrdersCrawler", "RawInventoryCrawler", "RawProductsCrawler"}
    assert {*wires.queries} == set(resources("07-analytics", "AWS::Athena::NamedQuery"))


@pytest.mark.slow
def test_every_resource_of_every_stack_is_listed_and_what_is_recorded_only_is_marked(shop: Stage) -> None:
    listed = wiring.resources(shop.deployed)
    there = {(each.stack, each.logical_id) for each in listed}
    for name in FILES:
        title = name.split("-", 1)[1]
        made = {logical_id for stack, logical_id in there if stack.removesuffix("-waf") == title}
        unconditional = {key for key, each in template(name)["Resources"].items() if "Condition" not in each}
        assert unconditional <= made, title
    assert all(each.status.endswith("_COMPLETE") and each.physical_id for each in listed)
    marked = {each.type for each in listed if each.recorded_only}
    assert "AWS::RedshiftServerless::Workgroup" in marked
    assert "AWS::SQS::Queue" not in marked


@pytest.mark.slow
def test_every_box_opens_at_least_one_resource_but_the_shopper(shop: Stage, readings: Readings) -> None:
    listed = wiring.resources(shop.deployed)
    parts = picture(readings.read()).parts
    assert [part.id for part in parts if not any(part.owns(each) for each in listed)] == ["browser", "job"]


@pytest.mark.slow
def test_a_changed_pattern_is_a_changed_picture(shop: Stage) -> None:
    deployed, stack = shop.deployed, shop.deployed.stacks["events"]
    cloudformation = deployed.client("cloudformation", REGION)
    body = cloudformation.get_template(StackName=stack.name)["TemplateBody"]
    given = [{"ParameterKey": key, "UsePreviousValue": True} for key in template("06-events")["Parameters"]]

    def update(text: str) -> tuple[str, ...]:
        cloudformation.update_stack(
            StackName=stack.name, TemplateBody=text, Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=given
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "PROGRESS" in cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return next(each.matches for each in wiring.read(deployed).pipelines if each.rule == "InventoryUpdateRule")

    assert body.count("- InventoryReserved") == 1
    assert update(body.replace("- InventoryReserved", "- InventoryCounted")) == ("InventoryCounted",)
    assert update(body) == ("InventoryReserved",)
