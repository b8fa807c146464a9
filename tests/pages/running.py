"""The storefront's own process, started as ECS starts it: migrated, filled and served by its own commands."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import redis

from retail.contracts import carts, parameters, settings
from retail.local.cache import Cache
from retail.local.emulator import Emulator
from retail.local.postgres import Postgres
from retail.local.processes import free_port
from retail.runtime import database
from retail.storefront.staff import hash_password

ROOT = Path(__file__).parents[2]
NAME = "pages"
"""What everything is called that these tests make in the parts they share with others."""

CACHE_USER = f"{NAME}-storefront"
STAFF, PASSWORD = "ann", "correct horse"


@dataclass(frozen=True)
class Running:
    """A storefront that serves, its database, and its lake."""

    url: str
    environment: Mapping[str, str]
    database: database.Connection
    s3: Any
    cache: Cache

    def forget(self) -> None:
        """Empty the cache: what a test has written past the shop is seen at once."""
        _forget(self.cache)

    def run(self, module: str, *arguments: str) -> None:
        """Run one of the image's commands. Raises CalledProcessError."""
        subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, env=self.environment, check=True)


@contextmanager
def storefront(postgres: Postgres, cache: Cache, aws: Emulator, log: Path) -> Iterator[Running]:
    """Serve the shop until the block ends; its log goes to a file."""
    port = free_port()
    told = settings.Storefront(parameters_path=f"/retail/{NAME}", model_id="none", port=str(port))
    login = settings.Credentials(database_username=postgres.user, database_password=postgres.password)
    certificates = {"PGSSLROOTCERT": str(postgres.certificate), "SSL_CERT_FILE": str(cache.certificate)}
    environment = {**os.environ, **aws.environment, **told.variables(), **login.variables(), **certificates}
    _prepare(postgres, cache, aws, told)
    connection = _connect(postgres, NAME)
    running = Running(f"http://localhost:{port}", environment, connection, aws.client("s3"), cache)
    running.run("retail.storefront.migrate")
    running.run("retail.storefront.seed")
    running.run("retail.storefront.staff", "grant", STAFF, hash_password(PASSWORD))
    with log.open("wb") as output:
        served = subprocess.Popen(
            [sys.executable, "-m", "retail.storefront.app"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        _wait(running.url, log)
        yield running
    finally:
        served.terminate()
        served.wait(120)
        connection.close()
        _forget(cache)


def _prepare(postgres: Postgres, cache: Cache, aws: Emulator, told: settings.Storefront) -> None:
    """A database of its own, and what the data and events stacks would have made."""
    with _connect(postgres, postgres.database) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
    # There is no IAM on this machine: the cache takes any token.
    _cache(cache).acl_setuser(CACHE_USER, enabled=True, nopass=True, keys=["*"], commands=["+@all"])
    _forget(cache)
    ssm = aws.client("ssm")
    values = {
        parameters.WRITER_HOST: postgres.writer.host,
        parameters.READER_HOST: postgres.writer.host,
        parameters.DATABASE_PORT: str(postgres.writer.port),
        parameters.DATABASE_NAME: NAME,
        parameters.CACHE_HOST: cache.host,
        parameters.CACHE_PORT: str(cache.port),
        parameters.CACHE_NAME: NAME,
        parameters.CACHE_USER: CACHE_USER,
        parameters.LAKE_BUCKET: f"{NAME}-lake",
        parameters.CART_TABLE: f"{NAME}-carts",
        parameters.EVENT_BUS: NAME,
    }
    for name, value in values.items():
        ssm.put_parameter(Name=f"{told.parameters_path}/{name}", Value=value, Type="String", Overwrite=True)
    aws.client("s3").create_bucket(Bucket=f"{NAME}-lake")
    aws.client("events").create_event_bus(Name=NAME)
    keys = {carts.PARTITION_KEY: "HASH", carts.SORT_KEY: "RANGE"}
    aws.client("dynamodb").create_table(
        TableName=f"{NAME}-carts",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
    )


def _connect(postgres: Postgres, name: str) -> database.Connection:
    """A connection to one of the local databases, whose certificate is not the one of RDS."""
    before = os.environ.get("PGSSLROOTCERT")
    os.environ["PGSSLROOTCERT"] = str(postgres.certificate)
    try:
        target = database.Target(postgres.writer.host, postgres.writer.port, name)
        return database.connect(target, postgres.user, postgres.password, statement_timeout_ms=30_000)
    finally:
        os.environ.pop("PGSSLROOTCERT") if before is None else os.environ.update(PGSSLROOTCERT=before)


def _cache(cache: Cache) -> redis.Redis:
    return redis.Redis(
        host=cache.host,
        port=cache.port,
        username=cache.user,
        password=cache.password,
        ssl=True,
        ssl_ca_certs=str(cache.certificate),
    )


def _forget(cache: Cache) -> None:
    """Others use the same cache for other databases: neither shall find the other's listings."""
    _cache(cache).flushall()


def _wait(url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the storefront does not get ready:\n{log.read_text()}")
