"""The deployed platform, and a shop on it for each test."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from lambdas.inventory_handler import handler as inventory
from lambdas.notification import handler as notification
from lambdas.order_processor import handler as orders
from retail.local.cache import Cache as LocalCache
from retail.local.emulator import Emulator
from retail.local.postgres import Postgres
from retail.runtime import aws as aws_clients
from retail.runtime import cache, database
from retail.runtime.database import Connection, Target
from retail.storefront.aside import Aside
from retail.storefront.catalogue import Catalogue
from retail.storefront.hot import HotReader
from tests.parts import own_database
from tests.proof.platform import PIPELINES, Platform
from tests.proof.world import World

DATABASE = "proof"


@pytest.fixture(scope="session")
def platform(aws: Emulator, postgres: Postgres) -> Platform:
    """The stacks, with the local database's login in their secret."""
    deployed = Platform.deploy(aws)
    deployed.give_login(postgres)
    return deployed


@pytest.fixture(scope="session")
def target(postgres: Postgres) -> Target:
    return own_database(postgres, DATABASE)


@pytest.fixture(autouse=True)
def environment(
    platform: Platform, target: Target, postgres: Postgres, shop_cache: LocalCache, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """What the functions are told by the deployed stacks, but for where database and cache are."""
    parts = {
        "DATABASE_HOST": target.host,
        "DATABASE_PORT": str(target.port),
        "DATABASE_NAME": target.name,
        "CACHE_HOST": shop_cache.host,
        "CACHE_PORT": str(shop_cache.port),
        "PGSSLROOTCERT": str(postgres.certificate),
        "SSL_CERT_FILE": str(shop_cache.certificate),
    }
    for name, value in (platform.aws.environment | platform.settings | parts).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    # A machine that is busy shall not look like a part that is down.
    monkeypatch.setattr(
        aws_clients, "PATIENCE", aws_clients.PATIENCE.merge(Config(connect_timeout=60, read_timeout=60))
    )
    monkeypatch.setattr(inventory, "CACHE_SECONDS", 60.0)
    monkeypatch.setattr(database, "CONNECT_SECONDS", 60)
    shop_cache.admit(platform.settings["CACHE_USER"])
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    forget_parts()
    yield dict(os.environ)
    forget_parts()
    root.handlers[:], root.level = handlers, level


def forget_parts() -> None:
    """Let the functions begin anew, as in a new execution environment."""
    for function in (orders, inventory, notification):
        function._parts.cache_clear()


@pytest.fixture
def world(
    platform: Platform,
    target: Target,
    postgres: Postgres,
    shop_cache: LocalCache,
    environment: dict[str, str],
) -> Iterator[World]:
    """A shop with nothing on its way."""
    login = (postgres.user, postgres.password)
    credentials = cache.password(shop_cache.user, shop_cache.password)
    kept = cache.Cache(lambda: cache.connect(shop_cache.host, shop_cache.port, credentials))
    reader = Target(postgres.reader.host, postgres.reader.port, target.name)
    pools = [
        database.pool(each, *login, statement_timeout_ms=60_000, size=4, wait_seconds=60, writes=writes)
        for each, writes in ((target, True), (reader, False))
    ]
    sqs, sns = platform.client("sqs"), platform.client("sns")
    for pipeline in PIPELINES:
        for url in (platform.queue(pipeline), platform.dead_letters(pipeline)):
            sqs.purge_queue(QueueUrl=url)
    inbox = sqs.create_queue(QueueName=f"inbox-{uuid4().hex[:8]}")["QueueUrl"]
    subscription = sns.subscribe(
        TopicArn=platform.settings["TOPIC_ARN"],
        Protocol="sqs",
        Endpoint=sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"],
    )["SubscriptionArn"]
    for pool in pools:
        pool.open()

    def open_connection() -> Connection:
        return database.connect(target, *login, statement_timeout_ms=60_000)

    with open_connection() as connection:
        connection.execute("TRUNCATE outbox")
    shop = World(
        platform=platform,
        writer=pools[0],
        open_connection=open_connection,
        cache=kept,
        catalogue=Catalogue(Aside(kept, HotReader(shop_cache.host, shop_cache.port, credentials)), pools[1]),
        events=boto3.client("events"),
        s3=boto3.client("s3"),
        sqs=sqs,
        inbox=inbox,
    )
    shop.empty_lake()
    yield shop
    for pool in pools:
        pool.close()
    sns.unsubscribe(SubscriptionArn=subscription)
