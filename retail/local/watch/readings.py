"""The reading side of `Watched`: what the deployed services, the database, the cache and the lake say.

    readings = Readings(deployed, database_certificate=..., cache_certificate=...)
    snapshot = Snapshot(at=time.time(), data=readings.read(), ...)

Whatever does not answer is said to be silent; the rest is read all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import redis
from botocore.exceptions import BotoCoreError, ClientError
from redis.backoff import NoBackoff
from redis.retry import Retry

from lambdas.notification.ledger import KEPT_SECONDS
from retail.contracts import parameters, told
from retail.local.platform.deployed import Deployed, NotDeployedError
from retail.local.watch import shop, wiring
from retail.local.watch.facts import Data, Depth, Event
from retail.local.watch.lake import Lake
from retail.local.watch.watched import Resource
from retail.local.watch.wiring import Wiring
from retail.runtime.database import login
from retail.storefront.discovery import Endpoints, NotThereYetError, find

T = TypeVar("T")
SELDOM_SECONDS = 3.0
"""How old may be what changes slowly or costs more: lake, carts, crawlers."""

DEPLOYED_SECONDS = 10.0
"""How old may be what only a deployment changes."""

SILENCE = (psycopg.Error, redis.RedisError, BotoCoreError, ClientError, NotDeployedError, NotThereYetError, OSError)
MOST_KEYS = 100
"""How many keys one BatchGetItem takes."""


class Readings:
    """Keeps its connections; one thread at a time."""

    def __init__(self, deployed: Deployed, *, database_certificate: Path, cache_certificate: Path) -> None:
        self._deployed = deployed
        self._database_certificate, self._cache_certificate = database_certificate, cache_certificate
        self._kept: dict[str, tuple[float, Any]] = {}
        self._silent: dict[str, str] = {}
        self._wires: Wiring | None = None

    def resources(self) -> tuple[Resource, ...]:
        """Every resource as deployed."""
        return wiring.resources(self._deployed)

    def queries(self) -> tuple[str, ...]:
        """The logical ids of the deployed named queries."""
        return tuple((self._wires or wiring.read(self._deployed)).queries)

    def read(self) -> Data:
        """Everything, now; never raises for a part that does not answer."""
        self._silent = {}
        self._wires = self._ask(
            "emulator", lambda: self._seldom("wiring", lambda: wiring.read(self._deployed), DEPLOYED_SECONDS)
        ) or (
            self._wires  # what is deployed does not vanish from the picture because AWS does not answer
        )
        wires = self._wires
        if wires is None:
            return Data(silent=dict(self._silent))
        orders = self._ask("writer", lambda: self._writer.ask(shop.read_shop))
        reader = self._ask("reader", lambda: self._reader.ask(shop.read_reader))
        cache = self._ask("cache", lambda: shop.read_cache(self._cache))
        lake = self._ask("lake", lambda: self._seldom("lake", self._lake.read))
        depths = self._ask("queues", lambda: self._depths(wires)) or {}
        return Data(
            pipelines=wires.pipelines,
            depths=depths,
            behaviours=wires.behaviours,
            rules=wires.rules,
            shop=orders,
            reader=reader,
            cache=cache,
            lake=lake.prefixes if lake else {},
            objects=lake.objects if lake else (),
            told=self._ask("told", lambda: self._told(orders.events if orders else ())) or {},
            told_total=self._ask("told", lambda: self._seldom("told", lambda: self._items("events", "ToldTable"))) or 0,
            carts=self._ask("carts", lambda: self._seldom("carts", lambda: self._items("data", "CartTable"))) or 0,
            archived=self._ask("archive", lambda: self._seldom("archive", self._archived)) or 0,
            crawlers=self._ask("crawlers", lambda: self._seldom("crawlers", lambda: self._crawlers(wires))) or {},
            silent=dict(self._silent),
        )

    def close(self) -> None:
        """Close the connections."""
        for name in ("_writer", "_reader", "_cache"):
            if name in vars(self):
                vars(self).pop(name).close()

    def _ask(self, part: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except SILENCE as error:
            self._silent[part] = (str(error).strip() or type(error).__name__).splitlines()[0]
            return None

    def _seldom(self, name: str, read: Callable[[], T], seconds: float = SELDOM_SECONDS) -> T:
        at, value = self._kept.get(name, (0.0, None))
        if time.monotonic() - at > seconds or value is None:
            value = read()
            self._kept[name] = (time.monotonic(), value)
        return value

    def _ref(self, stack: str, logical_id: str) -> str:
        return self._seldom(f"{stack} {logical_id}", lambda: self._deployed.ref(stack, logical_id), DEPLOYED_SECONDS)

    @cached_property
    def _endpoints(self) -> Endpoints:
        """Where the storefront finds its parts too."""
        name = self._deployed.ref("data", "DataWriterHostParameter")
        return find(self._deployed.client("ssm"), name.removesuffix(parameters.WRITER_HOST))

    @cached_property
    def _writer(self) -> shop.Database:
        return shop.Database(self._endpoints.writer, self._login(), self._database_certificate)

    @cached_property
    def _reader(self) -> shop.Database:
        return shop.Database(self._endpoints.reader, self._login(), self._database_certificate)

    def _login(self) -> Any:
        return login(self._deployed.client("secretsmanager"), self._deployed.ref("security", "DatabaseSecret"))

    @cached_property
    def _cache(self) -> redis.Redis:
        return redis.Redis(
            host=self._endpoints.cache_host,
            port=self._endpoints.cache_port,
            username=self._endpoints.cache_user,
            password="any token is taken on this machine",
            ssl=True,
            ssl_ca_certs=str(self._cache_certificate),
            socket_timeout=1,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),  # the next look is the next try
        )

    @cached_property
    def _lake(self) -> Lake:
        return Lake(self._deployed.client("s3"), self._endpoints.lake_bucket)

    def _depths(self, wires: Wiring) -> dict[str, Depth]:
        sqs, depths = self._deployed.client("sqs"), {}
        for logical_id, url in wires.queue_urls.items():
            told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            counts = (told.get(f"ApproximateNumberOfMessages{kind}", "0") for kind in ("", "NotVisible", "Delayed"))
            depths[logical_id] = Depth(*map(int, counts))
        return depths

    def _told(self, events: Any) -> Mapping[str, float]:
        """When the ledger says that customers were told of the last orders' events."""
        keys = [{told.EVENT_ID: {"S": event.event_id}} for event in _newest(events)]
        if not keys:
            return {}
        table = self._ref("events", "ToldTable")
        found = self._deployed.client("dynamodb").batch_get_item(RequestItems={table: {"Keys": keys}})
        return {
            item[told.EVENT_ID]["S"]: float(item[told.EXPIRES_AT]["N"]) - KEPT_SECONDS
            for item in found["Responses"].get(table, [])
        }

    def _items(self, stack: str, table: str) -> int:
        pages = self._deployed.client("dynamodb").get_paginator("scan")
        name = self._ref(stack, table)
        return sum(page["Count"] for page in pages.paginate(TableName=name, Select="COUNT"))

    def _archived(self) -> int:
        archive = self._ref("events", "RetailEventArchive")
        return int(self._deployed.client("events").describe_archive(ArchiveName=archive).get("EventCount", 0))

    def _crawlers(self, wires: Wiring) -> dict[str, str]:
        glue = self._deployed.client("glue")
        return {
            logical_id: glue.get_crawler(Name=name)["Crawler"]["State"] for logical_id, name in wires.crawlers.items()
        }


def _newest(events: Any) -> list[Event]:
    return list(events)[:MOST_KEYS]
