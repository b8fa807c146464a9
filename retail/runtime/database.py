"""Connections to Aurora: over verified TLS, bounded in time, opened anew when they break.

Aurora's certificate is signed by RDS's own authorities, which no system trusts by itself. Their bundle lies beside
this module; another, such as a local server's, is named by PGSSLROOTCERT, as everywhere in PostgreSQL.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from retail.contracts import secrets

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

Connection = psycopg.Connection[tuple[Any, ...]]
T = TypeVar("T")

CERTIFICATES = Path(__file__).with_name("rds-ca.pem")
CONNECT_SECONDS = 5
UNANSWERED_MILLISECONDS = 10_000
"""How long sent data may stay unacknowledged before the connection counts as broken, e.g. after a failover."""

RECONNECT_SECONDS = 2
"""How long a pool tries again by itself: twice, a second apart. It doubles each pause, so with more time the next try
could be half a minute after the server is back; once it has given up, whoever asks for a connection makes it try."""


@dataclass(frozen=True, slots=True)
class Target:
    """A cluster endpoint, by its real name: another would not match the certificate (T141)."""

    host: str
    port: int
    name: str


@dataclass(frozen=True, slots=True)
class Login:
    """A database user. The password is kept out of the repr, and so out of logs."""

    username: str
    password: str = field(repr=False)


def login(secretsmanager: Any, arn: str) -> Login:
    """The user in the database secret."""
    secret = json.loads(secretsmanager.get_secret_value(SecretId=arn)["SecretString"])
    return Login(secret[secrets.USERNAME], secret[secrets.PASSWORD])


def connect(
    target: Target, username: str, password: str, *, statement_timeout_ms: int, writes: bool = True
) -> Connection:
    """A connection in autocommit. Raises psycopg.OperationalError after CONNECT_SECONDS at most.

    `statement_timeout_ms` bounds each statement, its waits for locks included. With `writes`, a server that only
    reads is refused: after a failover the writer's name may still lead to the old one for a moment.
    """
    options = _options(target, statement_timeout_ms, writes)
    return psycopg.connect(user=username, password=password, autocommit=True, **options)


def pool(
    target: Target,
    username: str,
    password: str,
    *,
    statement_timeout_ms: int,
    size: int,
    wait_seconds: float,
    writes: bool = True,
) -> ConnectionPool[Connection]:
    """A pool of up to `size` such connections, closed until its `open()`; a caller waits `wait_seconds` for one.

    Each connection is checked before it is lent; with `writes`, one to a server that only reads by then is closed.
    When one is found broken all are opened anew, and within two seconds of the server's return they are.
    Raises psycopg_pool.PoolTimeout when none is to be had in time.
    """
    # The functions have no use for the pool, so their zips do not carry it.
    from psycopg_pool import ConnectionPool

    look = _check_writer if writes else ConnectionPool.check_connection

    def check(connection: Connection) -> None:
        try:
            look(connection)
        except psycopg.OperationalError:
            # The others have most likely lost the same server, and the pool pauses longer after each that it finds.
            if connection.closed:
                made.drain()
            raise

    options = _options(target, statement_timeout_ms, writes)
    made = ConnectionPool(
        kwargs=options | {"user": username, "password": password, "autocommit": True},
        min_size=1,
        max_size=size,
        timeout=wait_seconds,
        max_lifetime=1800,
        reconnect_timeout=RECONNECT_SECONDS,
        check=check,
        open=False,
    )
    return made


class Session:
    """One connection kept from one invocation to the next, and opened again when it is found broken."""

    def __init__(self, opened: Callable[[], Connection]) -> None:
        """`opened` opens a connection; it reads the password anew each time, so that a rotated one is found."""
        self._opened = opened
        self._connection: Connection | None = None

    def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, which must bear being done twice: it is repeated once on a new connection.

        A connection often breaks while nobody looks: between two invocations, or by a failover, which may also leave
        it open to a server that only reads by then. Raises what `work` raises, or psycopg.OperationalError when the
        database cannot be reached.
        """
        connection = self._usable()
        try:
            return work(connection)
        except psycopg.errors.ReadOnlySqlTransaction:
            connection.close()
        except psycopg.OperationalError:
            if not connection.closed:
                raise
        return work(self._usable())

    def _usable(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._opened()
        return self._connection


def _check_writer(connection: Connection) -> None:
    """Raises psycopg.OperationalError for a connection that broke, or whose server only reads since a failover."""
    if connection.execute("SHOW transaction_read_only").fetchone() == ("on",):
        connection.close()
        raise psycopg.OperationalError("the server only reads")


def _options(target: Target, statement_timeout_ms: int, writes: bool) -> dict[str, Any]:
    return {
        "host": target.host,
        "port": target.port,
        "dbname": target.name,
        "sslmode": "verify-full",
        "sslrootcert": os.environ.get("PGSSLROOTCERT") or str(CERTIFICATES),
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": UNANSWERED_MILLISECONDS,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "target_session_attrs": "read-write" if writes else "any",
        "options": f"-c statement_timeout={statement_timeout_ms}"
        f" -c idle_in_transaction_session_timeout={2 * statement_timeout_ms} -c timezone=UTC",
        "application_name": "retail",
    }
