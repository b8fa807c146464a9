"""The real parts that the stacks lead to: database, cache, and the emulator that holds the stacks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from retail.contracts import parameters, secrets
from retail.local.cache import Cache, cache
from retail.local.emulator import Emulator, emulator
from retail.local.endpoints import Endpoints
from retail.local.platform.deployed import Deployed
from retail.local.platform.state import State
from retail.local.postgres import READER_HOST, Postgres, postgres
from retail.local.processes import HOST, free_port
from retail.ops import stacks

CACHE_HOST = "localhost"


@dataclass(frozen=True, slots=True)
class Parts:
    """Running parts; the database and the cache may still be about to."""

    aws: Emulator
    postgres: Future[Postgres]
    cache: Future[Cache]

    def admit(self, deployed: Deployed, path: str) -> None:
        """Let in whom the stacks speak of: the database's owner, and the cache's user, below the storefront's path."""
        arn = deployed.output(stacks.SECURITY, "DatabaseSecretArn")
        login = json.loads(deployed.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
        ssm = deployed.client("ssm")

        def told(name: str) -> str:
            return str(ssm.get_parameter(Name=f"{path}/{name}")["Parameter"]["Value"])

        self.postgres.result().admit(login[secrets.USERNAME], login[secrets.PASSWORD], told(parameters.DATABASE_NAME))
        self.cache.result().admit(told(parameters.CACHE_USER))

    def trust(self) -> dict[str, str]:
        """What makes libpq and OpenSSL trust the certificates of both."""
        return {
            "PGSSLROOTCERT": str(self.postgres.result().certificate),
            "SSL_CERT_FILE": str(self.cache.result().certificate),
        }


@contextmanager
def parts(state: State, *, iam: bool, say: Callable[[str], None]) -> Iterator[Parts]:
    """Start them side by side; returns when the emulator is there. Raises ServerError or EmulatorError."""
    endpoints = Endpoints(
        database_host=HOST,
        database_reader_host=READER_HOST,
        database_port=free_port(),
        cache_host=CACHE_HOST,
        cache_port=free_port(),
    )
    with ExitStack() as stack, ThreadPoolExecutor() as pool:

        def database() -> Postgres:
            running = stack.enter_context(postgres(state.run / "postgres", reader=True, port=endpoints.database_port))
            say(f"database: PostgreSQL at {HOST} and its reader at {READER_HOST}, port {endpoints.database_port}")
            return running

        def in_memory() -> Cache:
            running = stack.enter_context(cache(state.run / "cache", port=endpoints.cache_port))
            say(f"cache: Valkey as a cluster behind TLS at {CACHE_HOST}:{endpoints.cache_port}")
            return running

        starting = (pool.submit(database), pool.submit(in_memory))
        aws = stack.enter_context(emulator(state=state.aws, iam=iam, endpoints=endpoints))
        os.environ |= aws.environment
        say(f"AWS: the emulator at {aws.url}{', policies enforced' if iam else ''}")
        yield Parts(aws, *starting)
