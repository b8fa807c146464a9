"""What the benchmark runs on: the real parts, with a full shop, and servers with a core of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import boto3

from retail.contracts import parameters, settings
from retail.local.cache import Cache, cache
from retail.local.emulator import Emulator, emulator
from retail.local.postgres import Postgres, postgres
from retail.local.processes import Server, free_port
from retail.runtime import database
from retail.runtime.database import Connection, Target
from retail.storefront.migrate import migrate
from retail.storefront.seed.load import load as fill

PATH = "/bench/dev"
PIECES = 1_000_000


@dataclass(frozen=True)
class Parts:
    """The real parts, and what the storefront is told of them."""

    postgres: Postgres
    cache: Cache
    aws: Emulator
    environment: dict[str, str]

    def connection(self) -> Connection:
        """A connection of the benchmark's own."""
        target = Target(self.postgres.writer.host, self.postgres.writer.port, self.postgres.database)
        return database.connect(target, self.postgres.user, self.postgres.password, statement_timeout_ms=30_000)


@contextmanager
def parts(directory: Path) -> Iterator[Parts]:
    """PostgreSQL, Valkey and the emulator, the shop filled and its endpoints written."""
    with ExitStack() as stack:
        aws = stack.enter_context(emulator(state=directory / "aws"))
        running = stack.enter_context(postgres(directory / "postgres"))
        valkey = stack.enter_context(cache(directory / "cache"))
        told = settings.Storefront(parameters_path=PATH, model_id="none", port=str(free_port()))
        login = settings.Credentials(database_username=running.user, database_password=running.password)
        environment = {
            **aws.environment,
            **told.variables(),
            **login.variables(),
            "PGSSLROOTCERT": str(running.certificate),
            "SSL_CERT_FILE": str(valkey.certificate),
        }
        os.environ |= environment
        there = Parts(running, valkey, aws, environment)
        write_endpoints(there)
        migrate(Target(running.writer.host, running.writer.port, running.database), running.user, running.password)
        with there.connection() as connection:
            fill(connection)
            connection.execute("UPDATE stock SET on_hand = %s", [PIECES])
        yield there


def write_endpoints(there: Parts) -> None:
    """What the data and events stacks would write to SSM; the cache lets its user in with any token."""
    values = {
        parameters.WRITER_HOST: there.postgres.writer.host,
        parameters.READER_HOST: there.postgres.writer.host,
        parameters.DATABASE_PORT: str(there.postgres.writer.port),
        parameters.DATABASE_NAME: there.postgres.database,
        parameters.CACHE_HOST: there.cache.host,
        parameters.CACHE_PORT: str(there.cache.port),
        parameters.CACHE_READER_PORT: str(there.cache.port),
        parameters.CACHE_NAME: "bench-cache",
        parameters.CACHE_USER: "bench-shop",
        parameters.LAKE_BUCKET: "bench-lake",
        parameters.CART_TABLE: "bench-carts",
        parameters.EVENT_BUS: "bench-bus",
    }
    ssm = boto3.client("ssm")
    for name, value in values.items():
        ssm.put_parameter(Name=f"{PATH}/{name}", Value=value, Type="String")
    boto3.client("events").create_event_bus(Name="bench-bus")
    there.cache.admit("bench-shop")


@contextmanager
def served(command: list[str], port: int, path: str, log: Path) -> Iterator[None]:
    """A server on the first core, once it answers."""

    def is_ready() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    server = Server(command, log=log, is_ready=is_ready, stop_signal=signal.SIGTERM)
    on_core(0)
    server.start()
    on_core(1)
    try:
        yield
    finally:
        server.stop()


def on_core(number: int) -> None:
    """Let this process, and those that it starts from now on, run on one core only."""
    cores = sorted(os.sched_getaffinity(0) | set(range(os.cpu_count() or 1)))
    os.sched_setaffinity(0, {cores[number % len(cores)]})
