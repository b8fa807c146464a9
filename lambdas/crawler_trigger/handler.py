"""What Lambda calls for a batch of S3's Object Created."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from lambdas.crawler_trigger import objects
from lambdas.crawler_trigger.objects import Created
from retail.contracts import settings
from retail.runtime import aws, sqs
from retail.runtime.logging import configure

log = logging.getLogger(__name__)

LATER_SECONDS = 900
"""When a crawler that cannot be started yet is asked again: SQS's longest delay."""

PAUSE = timedelta(hours=12)
"""How long after a crawl has begun the next may: each is billed for ten minutes, however short it is (T178), so three
busy prefixes cost some 26 dollars a month by it. A day's new partition is in the catalogue before the day is over."""

TOLERANCE = timedelta(minutes=1)
"""S3 tells an object's time in whole seconds, and clocks differ."""


def process(
    batch: dict[str, Any], told: settings.CrawlerTrigger, glue: Any, queue: Any, now: Callable[[], datetime]
) -> dict[str, Any]:
    """Start the crawler of each domain that has new objects, once; returns which messages have failed.

    `queue` is an SQS client. Where the crawler runs, or has begun within the PAUSE and before the newest of the objects
    was there, one message is put back for LATER_SECONDS, so that the last objects are crawled too. Raises when Glue or
    SQS is out of reach.
    """
    messages, failed = sqs.read(batch, objects.read)
    crawlers = {
        "orders": told.orders_crawler,
        "inventory": told.inventory_crawler,
        "products": told.products_crawler,
    }
    for domain in sorted({message.content.domain for message in messages}):
        of_the_domain = [message for message in messages if message.content.domain == domain]
        newest = max((message.content for message in of_the_domain), key=lambda created: created.at)
        crawler = crawlers[domain]
        try:
            state = glue.get_crawler(Name=crawler)["Crawler"]
            began, succeeded = _last_crawl(state)
            if state["State"] == "READY" and succeeded and began > newest.at + TOLERANCE:
                log.info("the last crawl has seen them", extra={"crawler": crawler})
            elif state["State"] == "READY" and began + PAUSE <= now() and _start(glue, crawler):
                log.info("crawler started", extra={"crawler": crawler, "objects": len(of_the_domain)})
            else:
                _again_later(queue, told.queue_url, newest)
                log.info("crawler is asked again later", extra={"crawler": crawler})
        except ClientError as error:
            log.error("crawler not started", extra={"crawler": crawler, "error": str(error)})
            failed += [message.id for message in of_the_domain]
    return sqs.failures(failed)


def _last_crawl(state: dict[str, Any]) -> tuple[datetime, bool]:
    """When the last crawl began, and whether it succeeded; long ago, if there was none."""
    last = state.get("LastCrawl", {})
    return last.get("StartTime", datetime.fromtimestamp(0, UTC)), last.get("Status") == "SUCCEEDED"


def _start(glue: Any, crawler: str) -> bool:
    """Start a crawler; False if it runs already."""
    try:
        glue.start_crawler(Name=crawler)
    except glue.exceptions.CrawlerRunningException:
        return False
    return True


def _again_later(queue: Any, url: str, created: Created) -> None:
    queue.send_message(QueueUrl=url, MessageBody=json.dumps(created.envelope()), DelaySeconds=LATER_SECONDS)


def handler(batch: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's way in."""
    told, glue, queue = _parts()
    return process(batch, told, glue, queue, lambda: datetime.now(UTC))


@cache
def _parts() -> tuple[settings.CrawlerTrigger, Any, Any]:
    """What all invocations share."""
    configure("crawler-trigger")
    return settings.CrawlerTrigger.read(os.environ), aws.client("glue"), aws.client("sqs")
