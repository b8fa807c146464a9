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
RUNNING = {"Crawler": {"State": "RUNNING"}}
"""What Glue says while a crawler runs. The emulator's runs for 5 s, in which a busy machine may not come to ask."""


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
    """What each crawler does. The emulator's run for 5 s, and may have ended if the machine is busy."""
    found = {
        domain: client("glue").get_crawler(Name=getattr(told, f"{domain}_crawler"))["Crawler"]
        for domain in ("orders", "inventory", "products")
    }
    return {domain: "RUNNING" if "LastCrawl" in crawler else crawler["State"] for domain, crawler in found.items()}


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


def test_a_crawler_that_runs_is_no_error_and_is_asked_again_once_and_later(
    process: Process, client: Callable[[str], Any], told: settings.CrawlerTrigger
) -> None:
    glue = client("glue")
    with Stubber(glue) as stub:
        stub.add_response("get_crawler", RUNNING)
        assert process(batch(*(created(f"raw/orders/{index}.json") for index in range(20))), glue=glue) == failed()
        stub.assert_no_pending_responses()
    assert waiting(client, told.queue_url) == (0, 1)


def test_a_crawler_that_another_starts_meanwhile_is_no_error_and_is_asked_again_later(
    process: Process, client: Callable[[str], Any], told: settings.CrawlerTrigger
) -> None:
    glue = client("glue")
    with Stubber(glue) as stub:
        stub.add_response("get_crawler", {"Crawler": {"Name": told.orders_crawler, "State": "READY"}})
        stub.add_client_error("start_crawler", "CrawlerRunningException")
        assert process(batch(created("raw/orders/a.json")), glue=glue) == failed()
    assert waiting(client, told.queue_url) == (0, 1)


@pytest.mark.parametrize(
    ("began", "status", "starts", "again"),
    [
        # Asked thirteen hours after the objects were written, as twelve hours must lie between two crawls.
        (timedelta(minutes=2), "SUCCEEDED", False, False),
        (timedelta(seconds=30), "SUCCEEDED", True, False),
        (timedelta(minutes=-2), "SUCCEEDED", True, False),
        (timedelta(minutes=2), "FAILED", True, False),
        (timedelta(minutes=61), "FAILED", False, True),
    ],
    ids=["has seen them", "may have missed them", "was before them", "has failed", "has failed just now"],
)
def test_objects_are_crawled_again_unless_a_crawl_has_seen_them(
    process: Process,
    client: Callable[[str], Any],
    told: settings.CrawlerTrigger,
    began: timedelta,
    status: str,
    starts: bool,
    again: bool,
) -> None:
    glue = client("glue")
    with Stubber(glue) as stub:
        last = {"StartTime": NOW + began, "Status": status}
        stub.add_response("get_crawler", {"Crawler": {"State": "READY", "LastCrawl": last}})
        if starts:
            stub.add_response("start_crawler", {}, {"Name": told.orders_crawler})
        older = created("raw/orders/old.json", NOW - timedelta(hours=3))
        news = batch(created("raw/orders/new.json"), older)
        assert process(news, glue=glue, now=lambda: NOW + timedelta(hours=13)) == failed()
        stub.assert_no_pending_responses()
    assert waiting(client, told.queue_url) == (0, int(again))


@pytest.mark.parametrize(("minutes", "starts"), [(719, False), (720, True)])
def test_a_crawler_is_started_once_in_twelve_hours_as_each_crawl_is_billed_for_ten_minutes(
    process: Process, client: Callable[[str], Any], told: settings.CrawlerTrigger, minutes: int, starts: bool
) -> None:
    glue = client("glue")
    with Stubber(glue) as stub:
        last = {"StartTime": NOW, "Status": "SUCCEEDED"}
        stub.add_response("get_crawler", {"Crawler": {"State": "READY", "LastCrawl": last}})
        if starts:
            stub.add_response("start_crawler", {}, {"Name": told.orders_crawler})
        now = NOW + timedelta(minutes=minutes)
        assert process(batch(created("raw/orders/a.json", now)), glue=glue, now=lambda: now) == failed()
        stub.assert_no_pending_responses()
    assert waiting(client, told.queue_url) == (0, int(not starts))


def test_a_message_that_cannot_be_put_back_fails_and_comes_again(
    process: Process, client: Callable[[str], Any], told: settings.CrawlerTrigger
) -> None:
    client("sqs").delete_queue(QueueUrl=told.queue_url)
    glue = client("glue")
    with Stubber(glue) as stub:
        stub.add_response("get_crawler", RUNNING)
        stub.add_response("get_crawler", {"Crawler": {"State": "READY"}})
        stub.add_response("start_crawler", {}, {"Name": told.products_crawler})
        news = batch(created("raw/orders/b.json"), created("raw/products/b.json"))
        assert process(news, glue=glue) == failed("m0")
        stub.assert_no_pending_responses()


def test_the_message_for_later_is_delayed_as_long_as_sqs_can_and_is_read_like_s3s(
    process: Process, client: Callable[[str], Any], told: settings.CrawlerTrigger
) -> None:
    glue, queue = client("glue"), client("sqs")
    with Stubber(glue) as crawlers, Stubber(queue) as stub:
        crawlers.add_response("get_crawler", RUNNING)
        body = json.dumps(objects.Created("orders", NOW).envelope())
        stub.add_response(
            "send_message",
            {},
            {"QueueUrl": told.queue_url, "MessageBody": body, "DelaySeconds": 900},
        )
        assert process(batch(created("raw/orders/b.json")), glue=glue, queue=queue) == failed()
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
    products = client("glue").get_crawler(Name=told.products_crawler)["Crawler"]
    assert products["State"] == "RUNNING" or "LastCrawl" in products


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
