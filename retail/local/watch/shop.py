"""What the shop's database and cache say: SQL on writer and reader, INFO of the cache. Nothing is ever written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import redis

from retail.local.watch.facts import CacheStatistics, Event, Handled, Order, Reader, Shop
from retail.runtime.database import Connection, Login, Target

T = TypeVar("T")
CONNECT_SECONDS = 2
STATEMENT_MILLISECONDS = 1_000
LAST_ORDERS = 8
LAST_EVENTS = 200


class Database:
    """A connection to one server, opened when it is asked for and again when it is found broken."""

    def __init__(self, target: Target, login: Login, certificate: Path) -> None:
        self._target, self._login, self._certificate = target, login, certificate
        self._connection: Connection | None = None

    def ask(self, read: Callable[[Connection], T]) -> T:
        """What `read` returns. Raises psycopg.Error when the server does not answer."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                host=self._target.host,
                port=self._target.port,
                dbname=self._target.name,
                user=self._login.username,
                password=self._login.password,
                sslmode="verify-full",
                sslrootcert=str(self._certificate),
                connect_timeout=CONNECT_SECONDS,
                options=f"-c statement_timeout={STATEMENT_MILLISECONDS} -c default_transaction_read_only=on",
                application_name="watch",
                autocommit=True,
            )
        return read(self._connection)

    def close(self) -> None:
        """Close what is open."""
        if self._connection is not None:
            self._connection.close()


def read_shop(connection: Connection) -> Shop:
    """The orders and the outbox, from the writer."""
    orders = [_order(row) for row in connection.execute(ORDERS, [LAST_ORDERS])]
    events = [
        Event(str(row[0]), row[1], row[2], row[3], row[4], row[5])
        for row in connection.execute(EVENTS, [[order.order_id for order in orders], LAST_EVENTS])
    ]
    handled = connection.execute(HANDLED, [[event.event_id for event in events]])
    waiting, connections = connection.execute(COUNTS).fetchone() or (0, 0)
    return Shop(
        orders_by_status={row[0]: row[1] for row in connection.execute(BY_STATUS)},
        outbox_waiting=waiting,
        connections=connections,
        orders=orders,
        events=events,
        handled=[Handled(str(row[0]), row[1], row[2]) for row in handled],
    )


def read_reader(connection: Connection) -> Reader:
    """How the reader is used, and how far it is behind."""
    scans, lag = connection.execute(READER).fetchone() or (0, 0)
    return Reader(int(scans), max(0, int(lag)))


def read_cache(cache: redis.Redis) -> CacheStatistics:
    """The cache's own counters. Raises redis.RedisError."""
    told: Any = cache.info()
    return CacheStatistics(
        hits=told["keyspace_hits"],
        misses=told["keyspace_misses"],
        keys=told.get("db0", {}).get("keys", 0),
        bytes=told["used_memory"],
    )


def _order(row: tuple[Any, ...]) -> Order:
    return Order(str(row[0]), row[1], row[2], row[3], row[4], row[5], row[6])


BY_STATUS = "SELECT status, count(*) FROM orders GROUP BY status"

ORDERS = """
SELECT order_id, status, total_cents, currency,
       extract(epoch FROM placed_at)::float, extract(epoch FROM paid_at)::float, extract(epoch FROM shipped_at)::float
FROM orders
ORDER BY greatest(placed_at, paid_at, shipped_at) DESC NULLS LAST
LIMIT %s
"""

EVENTS = """
SELECT event_id, detail_type, detail->>'order_id',
       extract(epoch FROM created_at)::float, extract(epoch FROM published_at)::float, attempts
FROM outbox
WHERE detail->>'order_id' = ANY(%s)
ORDER BY id DESC
LIMIT %s
"""

HANDLED = """
SELECT event_id, consumer, extract(epoch FROM processed_at)::float FROM processed_events
WHERE event_id = ANY(%s::uuid[])
"""

COUNTS = """
SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL),
       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'watch')
"""

# The standby keeps its own statistics; reading them reads no table of the shop.
READER = """
SELECT (SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0) FROM pg_stat_user_tables),
       coalesce(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)
"""
