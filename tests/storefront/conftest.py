"""The storefront on real parts: PostgreSQL with its reader, Valkey, and the emulator's SSM, DynamoDB, bus and lake."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from redis.credentials import CredentialProvider

from retail.contracts import carts, parameters, settings
from retail.local.cache import Cache
from retail.local.emulator import Emulator
from retail.local.postgres import Postgres
from retail.runtime import cache, database
from retail.storefront.app import create_app
from retail.storefront.aws import Clients
from retail.storefront.discovery import Endpoints
from retail.storefront.migrate import migrate
from retail.storefront.shop import Shop
from tests.storefront.patience import SECONDS, be_patient

BUS = "storefront-tests"
LAKE = "storefront-tests-lake"
CARTS = "storefront-tests-carts"
PATH = "/retail/storefront-tests"


@dataclass(frozen=True)
class World:
    """Everything around the storefront, and what a test needs to look at it."""

    postgres: Postgres
    cache: Cache
    aws: Emulator
    clients: Clients
    queue_url: str
    sqs: Any
    writer: database.Connection

    @property
    def endpoints(self) -> Endpoints:
        """As discovery finds them, but for the reader's port: in Aurora it is the writer's."""
        return Endpoints(
            writer=database.Target(self.postgres.writer.host, self.postgres.writer.port, self.postgres.database),
            reader=database.Target(self.postgres.reader.host, self.postgres.reader.port, self.postgres.database),
            cache_host=self.cache.host,
            cache_port=self.cache.port,
            cache_name="cache",
            cache_user=self.cache.user,
            lake_bucket=LAKE,
            cart_table=CARTS,
            event_bus=BUS,
        )

    @property
    def credentials(self) -> settings.Credentials:
        return settings.Credentials(database_username=self.postgres.user, database_password=self.postgres.password)

    @property
    def parameters(self) -> dict[str, str]:
        return {
            parameters.WRITER_HOST: self.postgres.writer.host,
            parameters.READER_HOST: self.postgres.reader.host,
            parameters.DATABASE_PORT: str(self.postgres.writer.port),
            parameters.DATABASE_NAME: self.postgres.database,
            parameters.CACHE_HOST: self.cache.host,
            parameters.CACHE_PORT: str(self.cache.port),
            parameters.CACHE_NAME: "cache",
            parameters.CACHE_USER: self.cache.user,
            parameters.LAKE_BUCKET: LAKE,
            parameters.CART_TABLE: CARTS,
            parameters.EVENT_BUS: BUS,
        }

    def login(self, _: Endpoints) -> CredentialProvider:
        return cache.password(self.cache.user, self.cache.password)

    def product(self, stock: int = 5, price_cents: int = 1250, **values: Any) -> str:
        """A new product with so many pieces; its SKU. It is there for the reader too."""
        row = {
            "sku": f"T-{uuid4().hex[:12].upper()}",
            "name": "Enamel mug",
            "description": "Holds coffee.",
            "category": "Kitchen",
            "price_cents": price_cents,
            "currency": "EUR",
            "picture": "/images/mug.svg",
        } | values
        columns, places = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        self.writer.execute(f"INSERT INTO products ({columns}) VALUES ({places})", row)
        self.writer.execute("INSERT INTO stock (sku, on_hand) VALUES (%s, %s)", [row["sku"], stock])
        self.catch_up()
        return str(row["sku"])

    def catch_up(self) -> None:
        """Wait until the reader has what the writer has."""
        position = self.one("SELECT pg_current_wal_lsn()")
        replayed = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
        with self.reader() as reader:
            wait_until(lambda: reader.execute(replayed, [position]).fetchone() == (True,))

    def reader(self) -> database.Connection:
        target = database.Target(self.postgres.reader.host, self.postgres.reader.port, self.postgres.database)
        user, password = self.postgres.user, self.postgres.password
        return database.connect(target, user, password, statement_timeout_ms=60_000, writes=False)

    def one(self, statement: str, *values: Any) -> Any:
        """The one value that a query finds."""
        row = self.writer.execute(statement, values).fetchone()
        assert row
        return row[0]

    def events(self) -> list[dict[str, Any]]:
        """What has arrived from the bus since the last look, oldest first."""
        found: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture(scope="session")
def boto(aws: Emulator) -> Callable[..., Any]:
    """A boto3 client of the emulator."""
    return aws.client


@pytest.fixture(scope="package")
def world(postgres: Postgres, shop_cache: Cache, aws: Emulator, boto: Callable[..., Any]) -> Iterator[World]:
    """The parts, with a schema, a table, a bucket and a bus whose events all land in one queue."""
    with pytest.MonkeyPatch.context() as patch:
        be_patient(patch)
        patch.setenv("PGSSLROOTCERT", str(postgres.certificate))
        patch.setenv("SSL_CERT_FILE", str(shop_cache.certificate))
        for name, value in aws.environment.items():
            patch.setenv(name, value)
        target = database.Target(postgres.writer.host, postgres.writer.port, postgres.database)
        migrate(target, postgres.user, postgres.password)
        boto("dynamodb").create_table(
            TableName=CARTS,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": carts.PARTITION_KEY, "AttributeType": "S"},
                {"AttributeName": carts.SORT_KEY, "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": carts.PARTITION_KEY, "KeyType": "HASH"},
                {"AttributeName": carts.SORT_KEY, "KeyType": "RANGE"},
            ],
        )
        boto("s3").create_bucket(Bucket=LAKE)
        queue_url = _bus_with_queue(boto("events"), boto("sqs"))
        with database.connect(target, postgres.user, postgres.password, statement_timeout_ms=60_000) as connection:
            made = World(postgres, shop_cache, aws, Clients.make(), queue_url, boto("sqs"), connection)
            for name, value in made.parameters.items():
                boto("ssm").put_parameter(Name=f"{PATH}/{name}", Value=value, Type="String")
            yield made


def _bus_with_queue(events: Any, sqs: Any) -> str:
    events.create_event_bus(Name=BUS)
    queue_url: str = sqs.create_queue(QueueName=BUS)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": [{"prefix": ""}]}))
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn}])
    return queue_url


@pytest.fixture(scope="package")
def app(world: World) -> FastAPI:
    """The application with the standby as its reader."""
    return create_app(world.credentials, world.clients, "amazon.nova-lite-v1:0", lambda: world.endpoints, world.login)


@pytest.fixture(scope="package")
def visitor(app: FastAPI) -> Iterator[TestClient]:
    """Somebody at the open shop; a test that needs to be somebody else takes `customer`."""
    with TestClient(app, base_url="https://shop.example.com", raise_server_exceptions=False) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        # The writer is there in every test. The reader's stays as it is: it is taken away.
        app.state.shop.writer.timeout = SECONDS
        yield client


@pytest.fixture
def customer(visitor: TestClient) -> TestClient:
    """A shopper nobody has seen before."""
    return another(visitor)


@pytest.fixture
def stranger(visitor: TestClient) -> TestClient:
    """Another one."""
    return another(visitor)


def another(visitor: TestClient) -> TestClient:
    """One more shopper, in the same event loop."""
    client = TestClient(visitor.app, base_url="https://shop.example.com", raise_server_exceptions=False)
    client.portal = visitor.portal
    return client


@pytest.fixture(scope="package")
def shop(app: FastAPI, visitor: TestClient) -> Shop:
    """The open shop itself."""
    found: Shop = app.state.shop
    return found


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that happens in the background."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
