"""Step 8's beginning: an object in the lake, through the deployed rule and queue, starts the crawler of its prefix."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from lambdas.crawler_trigger import handler
from retail.contracts import settings
from tests.proof.platform import Platform
from tests.proof.service import Mapping, waiting
from tests.proof.world import eventually

CRAWLERS = ("RawOrdersCrawler", "RawInventoryCrawler", "RawProductsCrawler")
DAY = "dt=2026-11-22"


@pytest.fixture(scope="module")
def whole(platform: Platform) -> Platform:
    """All seven stacks."""
    return platform.with_analytics()


@pytest.fixture(autouse=True)
def _at_rest(whole: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the deployed function is told, an empty queue, and crawlers that have just been made."""
    told = whole.client("lambda").get_function_configuration(FunctionName=whole.made["CrawlerTrigger"])
    for name, value in told["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value)
    glue = whole.client("glue")
    for logical_id in CRAWLERS:
        name = whole.made[logical_id]
        made = glue.get_crawler(Name=name)["Crawler"]
        glue.delete_crawler(Name=name)
        glue.create_crawler(Name=name, Role=made["Role"], DatabaseName=made["DatabaseName"], Targets=made["Targets"])
    whole.client("sqs").purge_queue(QueueUrl=whole.made["RawObjectQueue"])
    handler._parts.cache_clear()
    yield
    handler._parts.cache_clear()


def put(platform: Platform, *keys: str) -> None:
    """Write objects to the deployed lake."""
    for key in keys:
        platform.client("s3").put_object(Bucket=platform.made["LakeBucket"], Key=key, Body=b"{}")


def crawled(platform: Platform) -> list[bool]:
    """Whether the crawlers of orders, inventory and products run or have run."""
    found = [platform.client("glue").get_crawler(Name=platform.made[name])["Crawler"] for name in CRAWLERS]
    return [crawler["State"] == "RUNNING" or "LastCrawl" in crawler for crawler in found]


def orders_began(platform: Platform) -> datetime | None:
    """When the last crawl of orders that has ended began."""
    crawler = platform.client("glue").get_crawler(Name=platform.made["RawOrdersCrawler"])["Crawler"]
    return crawler.get("LastCrawl", {}).get("StartTime")


def news(platform: Platform) -> int:
    """How many messages wait to be received."""
    return waiting(platform.client("sqs"), platform.made["RawObjectQueue"])


def put_back(platform: Platform) -> int:
    """How many messages there are, those for later included; asked at once, as one becomes the other."""
    names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
    asked = {"QueueUrl": platform.made["RawObjectQueue"], "AttributeNames": names}
    counts = platform.client("sqs").get_queue_attributes(**asked)["Attributes"]
    return sum(int(counts[name]) for name in names)


def trigger(platform: Platform, call: Any = handler.handler) -> Mapping:
    return Mapping(platform.client("sqs"), platform.made["RawObjectQueue"], call)


def test_new_objects_start_the_crawlers_of_their_prefixes_once(whole: Platform) -> None:
    put(whole, *(f"raw/{domain}/{DAY}/{number}.json" for domain in ("orders", "products") for number in range(4)))
    eventually(lambda: news(whole) == 8)
    assert trigger(whole).poll() == 8
    assert crawled(whole) == [True, False, True]
    assert put_back(whole) == 0


def test_what_crawlers_job_and_queries_write_starts_nothing(whole: Platform) -> None:
    others = [
        f"{prefix}/orders/{DAY}/1.parquet" for prefix in ("curated", "quarantine", "athena-results", "raw-orders")
    ]
    put(whole, *others, "raw/else/1.json", f"copies/raw/orders/{DAY}/1.json")
    elsewhere = f"elsewhere-{uuid4().hex[:8]}"
    whole.client("s3").create_bucket(Bucket=elsewhere)
    whole.client("s3").put_bucket_notification_configuration(
        Bucket=elsewhere, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    whole.client("s3").put_object(Bucket=elsewhere, Key=f"raw/orders/{DAY}/1.json", Body=b"{}")
    # The last is one that does: when its news is there, that of those before it would be too.
    put(whole, f"raw/inventory/{DAY}/1.json")
    eventually(lambda: news(whole))
    assert trigger(whole).poll() == 1
    assert crawled(whole) == [False, True, False]


@pytest.mark.slow
def test_objects_that_come_while_a_crawler_runs_are_crawled_after_it(
    whole: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "LATER_SECONDS", 1)
    put(whole, f"raw/orders/{DAY}/first.json")
    eventually(lambda: news(whole))
    trigger(whole).poll()
    put(whole, *(f"raw/orders/{DAY}/{number}.json" for number in range(5)))
    eventually(lambda: news(whole) == 5)
    assert trigger(whole).poll() == 5
    assert put_back(whole) == 1, "one message stands for all of them"

    eventually(lambda: orders_began(whole))
    first = orders_began(whole)
    eventually(lambda: news(whole))
    trigger(whole).poll()
    assert put_back(whole) == 1, "no second crawl so soon"

    # Twelve hours later.
    def call(batch: dict[str, Any], _: Any) -> dict[str, Any]:
        told, glue, queue = handler._parts()
        return handler.process(batch, told, glue, queue, lambda: datetime.now(UTC) + timedelta(hours=12))

    eventually(lambda: news(whole))
    assert trigger(whole, call).poll() == 1
    assert put_back(whole) == 0
    eventually(lambda: orders_began(whole) != first)


def test_the_deployed_function_is_told_the_deployed_crawlers_and_queue(whole: Platform) -> None:
    told, _, _ = handler._parts()
    assert told == settings.CrawlerTrigger(
        orders_crawler=whole.made["RawOrdersCrawler"],
        inventory_crawler=whole.made["RawInventoryCrawler"],
        products_crawler=whole.made["RawProductsCrawler"],
        queue_url=whole.made["RawObjectQueue"],
    )
