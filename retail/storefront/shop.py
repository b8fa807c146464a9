"""The shop, put together once its endpoints are known; pages and API alike work with it as `app.state.shop`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout
from redis.credentials import CredentialProvider

from retail.contracts.settings import Credentials
from retail.runtime import cache, database
from retail.runtime.database import Connection
from retail.storefront.aside import Aside
from retail.storefront.aws import Clients
from retail.storefront.carts import Carts
from retail.storefront.catalogue import Catalogue
from retail.storefront.discovery import Endpoints
from retail.storefront.hot import HotReader
from retail.storefront.orders import Orders
from retail.storefront.payments import Sandbox
from retail.storefront.recommendations import Recommendations
from retail.storefront.relay import Relay
from retail.storefront.sessions import Sessions
from retail.storefront.staff import Staff

CONNECTIONS = 8
"""Of each pool at most: twenty tasks with two pools stay below a small Aurora's limit (T139)."""

WAIT_SECONDS = 3.0
"""How long a request waits for a connection."""

STATEMENT_MILLISECONDS = 5_000

RELAY_SECONDS = 20.0
"""How long a batch that is being published may hold up the end; ECS kills the task after 60."""

CacheLogin = Callable[[Endpoints], CredentialProvider]
"""How one logs in to the cache: in AWS by a token that IAM signs."""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What the shop can do."""

    catalogue: Catalogue
    carts: Carts
    orders: Orders
    recommendations: Recommendations
    staff: Staff
    sessions: Sessions
    relay: Relay
    cache: cache.Cache
    hot: HotReader
    writer: ConnectionPool[Connection]
    reader: ConnectionPool[Connection]

    @classmethod
    def open(
        cls,
        endpoints: Endpoints,
        credentials: Credentials,
        sessions: Sessions,
        clients: Clients,
        model_id: str,
        cache_login: CacheLogin,
    ) -> Shop:
        """Put the shop together and begin to publish its events. Nothing is waited for."""
        writer, reader = (
            database.pool(
                target,
                credentials.database_username,
                credentials.database_password,
                statement_timeout_ms=STATEMENT_MILLISECONDS,
                size=CONNECTIONS,
                wait_seconds=WAIT_SECONDS,
                writes=writes,
            )
            for target, writes in ((endpoints.writer, True), (endpoints.reader, False))
        )
        login = cache_login(endpoints)
        kept = cache.Cache(lambda: cache.connect(endpoints.cache_host, endpoints.cache_port, login))
        hot = HotReader(endpoints.cache_host, endpoints.cache_port, login)
        relay = Relay(writer, clients.events, endpoints.event_bus, clients.s3, endpoints.lake_bucket)
        shop = cls(
            catalogue=Catalogue(Aside(kept, hot), reader),
            carts=Carts(clients.dynamodb, endpoints.cart_table),
            orders=Orders(writer, Sandbox(), committed=relay.wake),
            recommendations=Recommendations(clients.bedrock, model_id),
            staff=Staff(writer),
            sessions=sessions,
            relay=relay,
            cache=kept,
            hot=hot,
            writer=writer,
            reader=reader,
        )
        writer.open()
        reader.open()
        relay.start()
        return shop

    def missing(self) -> list[str]:
        """What the shop cannot work without and does not have now."""
        asked = {"database writer": (self.writer, TABLES), "database reader": (self.reader, TABLES)}
        return [name for name, (pool, statement) in asked.items() if not _answers(pool, statement)]

    def has_cache(self) -> bool:
        """Whether the cache answers."""
        return self.cache.add(cache.PROBE_KEY, b"yes", cache.PROBE_SECONDS) is not None

    def close(self) -> None:
        """Finish what is being published, then give everything back."""
        self.relay.stop(RELAY_SECONDS)
        self.recommendations.close()
        for pool in (self.writer, self.reader):
            pool.close()


TABLES = "SELECT to_regclass('staff') IS NOT NULL"


def _answers(pool: ConnectionPool[Connection], statement: str) -> bool:
    """Whether the database answers, and has the shop's tables."""
    try:
        with pool.connection() as connection:
            row: Any = connection.execute(statement).fetchone()
            return bool(row[0])
    except (psycopg.Error, PoolTimeout):
        return False
