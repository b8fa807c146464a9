from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from botocore.stub import Stubber

from lambdas.crawler_trigger import handler, objects
from retail.contracts import settings
from tests import emitted
from tests.lambdas.conftest import Logs
from tests.lambdas.messages import Context, batch, failed

Process = Callable[..., dict[str, Any]]
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
def told(client: Callable[[str], Any]) -> settings.CrawlerTrigger:
    """Three crawlers that have never run, and the queue."""
    glue = client("glue")
    names = {}
    for domain in ("orders", "inventory", "products"):
        names[f"{domain}_crawler"] = f"{domain}-{uuid4()}"
        glue.create_crawler(
            Name=names[f"{domain}_crawler"],
            Role="crawler",
            Targets={"S3Targets": [{"Path": f"s3://lake/raw/{domain}/"}]},
        )
    url = client("sqs").create_queue(QueueName=f"objects-{uuid4()}")["QueueUrl"]
    return settings.CrawlerTrigger(queue_url=url, **names)


@pytest.fixture
def process(told: settings.CrawlerTrigger, client: Callable[[str], Any]) -> Process:
    """The function with its parts; takes a batch."""
    return partial(handler.process, told=told, glue=client("glue"), queue=client("sqs"), now=lambda: NOW)


def created(key: str, at: datetime = NOW) -> dict[str, Any]:
    """What S3 tells by EventBridge of a new object."""
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "detail": {"bucket": {"name": "lake"}, "object": {"key": key, "size": 1}, "reason": "PutObject"},
    }


def states(client: Callable[[str], Any], told: settings.CrawlerTrigger) -> dict[str, str]:
    """What each crawler does."""
    return {
        domain: client("glue").get_crawler(Name=getattr(told, f"{domain}_crawler"))["Crawler"]["State"]
        for domain in ("orders", "inventory", "products")
    }


def waiting(client: Callable[[str], Any], url: str) -> tuple[int, int]:
    """How many messages of the queue may be received, and how many are delayed."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(found[names[0]]), int(found[names[1]])


def test_the_crawlers_of_the_affected_prefixes_are_started_once_each(
    process: Process, client: Callable[[str], Any], told: settings.CrawlerTrigger, logs: Logs
) -> None:
    keys = [f"raw/{domain}/dt=2026-11-22/{index}.json" for domain in ("orders", "inventory") for index in range(20)]
    assert process(batch(*map(created, keys))) == failed()
    assert states(client, told) == {"orders": "RUNNING", "inventory": "RUNNING", "products": "READY"}
    assert logs.messages() == ["crawler started"] * 2
    assert waiting(client, told.queue_url) == (0, 0)


def test_a_crawler_that_runs_is_asked_again_once_and_later(
    process: Process, client: Callable[[str], Any], told: settings.CrawlerTrigger
) -> None:
    process(batch(created("raw/orders/a.json")))
    assert process(batch(*(created(f"raw/orders/{index}.json") for index in range(20)))) == failed()
    assert waiting(client, told.queue_url) == (0, 1)


@pytest.fixture
def running(client: Callable[[str], Any], told: settings.CrawlerTrigger) -> Any:
    """Glue with a crawler of orders that has run for ten minutes. The emulator does not tell how long."""
    glue = client("glue")
    with Stubber(glue) as stub:
        stub.add_client_error("start_crawler", "CrawlerRunningException")
        ran = {"Name": told.orders_crawler, "State": "RUNNING", "CrawlElapsedTime": 600_000}
        stub.add_response("get_crawler", {"Crawler": ran})
        yield glue


@pytest.mark.parametrize(("written", "again"), [(timedelta(minutes=-11), 0), (timedelta(minutes=-9), 1)])
def test_only_objects_younger_than_the_crawl_want_another(
    process: Process,
    client: Callable[[str], Any],
    told: settings.CrawlerTrigger,
    running: Any,
    written: timedelta,
    again: int,
) -> None:
    older = created("raw/orders/old.json", NOW - timedelta(hours=1))
    assert process(batch(created("raw/orders/new.json", NOW + written), older), glue=running) == failed()
    assert waiting(client, told.queue_url) == (0, again)


def test_the_message_for_later_is_delayed_as_long_as_sqs_can_and_is_read_like_s3s(
    process: Process, client: Callable[[str], Any], told: settings.CrawlerTrigger
) -> None:
    queue = client("sqs")
    with Stubber(queue) as stub:
        body = json.dumps(objects.Created("orders", NOW).envelope())
        stub.add_response(
            "send_message",
            {},
            {"QueueUrl": told.queue_url, "MessageBody": body, "DelaySeconds": 900},
        )
        process(batch(created("raw/orders/a.json")))
        assert process(batch(created("raw/orders/b.json")), queue=queue) == failed()
        stub.assert_no_pending_responses()
    assert objects.read(json.loads(body)) == objects.Created("orders", NOW)


@pytest.mark.parametrize(
    "poison",
    [
        "{",
        [],
        {"source": "aws.s3"},
        created("curated/orders/dt=2026-11-22/part.parquet"),
        created("raw/orders/a.json") | {"source": "retail.storefront"},
        created("raw/orders/a.json") | {"time": "2026-11-22T10:00:00"},
        created("raw/orders/a.json") | {"detail": {"object": {"key": None}}},
    ],
)
def test_a_bad_message_harms_only_itself(
    process: Process, client: Callable[[str], Any], told: settings.CrawlerTrigger, poison: Any
) -> None:
    assert process(batch(created("raw/orders/a.json"), poison)) == failed("m1")
    assert states(client, told) == {"orders": "RUNNING", "inventory": "READY", "products": "READY"}


def test_a_crawler_that_cannot_be_started_fails_its_own_messages_only(
    process: Process, client: Callable[[str], Any], told: settings.CrawlerTrigger
) -> None:
    client("glue").delete_crawler(Name=told.inventory_crawler)
    news = batch(created("raw/inventory/a.json"), created("raw/products/a.json"), created("raw/inventory/b.json"))
    assert process(news) == failed("m0", "m2")
    assert client("glue").get_crawler(Name=told.products_crawler)["Crawler"]["State"] == "RUNNING"


def test_the_rule_hands_on_exactly_the_prefixes_that_have_a_crawler() -> None:
    pattern = emitted.properties("07-analytics", "RawObjectRule")["EventPattern"]
    prefixes = [each["prefix"] for each in pattern["detail"]["object"]["key"]]
    read = [objects.read(created(f"{prefix}a.json")).domain for prefix in prefixes]
    assert {f"{domain}_crawler" for domain in read} == set(
        vars(settings.CrawlerTrigger(orders_crawler=1, inventory_crawler=1, products_crawler=1, queue_url=1))
    ) - {"queue_url"}


def test_lambda_finds_everything_in_the_environment(
    told: settings.CrawlerTrigger, client: Callable[[str], Any], environment: Callable[[Any], None]
) -> None:
    environment(told)
    handler._parts.cache_clear()
    assert handler.handler(batch(created("raw/products/a.json"), "{"), Context()) == failed("m1")
    assert states(client, told)["products"] == "RUNNING"
    handler._parts.cache_clear()
