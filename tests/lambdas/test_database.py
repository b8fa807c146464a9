from __future__ import annotations

import re
import subprocess
import time
from contextlib import ExitStack
from dataclasses import replace

import psycopg
import pytest
from psycopg_pool import ConnectionPool, PoolTimeout

from retail.local.postgres import Postgres
from retail.runtime import database
from retail.runtime.database import Connection, Target, connect
from tests.lambdas.messages import until


def test_a_connection_is_encrypted_and_the_server_verified(connection: Connection) -> None:
    shown = connection.execute("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    assert shown == (True, "TLSv1.3")


def test_a_server_that_the_shipped_authorities_do_not_know_is_refused(
    target: Target, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLROOTCERT")
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        connect(target, postgres.user, postgres.password, statement_timeout_ms=1000)


def test_a_server_by_another_name_is_refused(
    target: Target, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        connect(
            replace(target, host="database.example.com"), postgres.user, postgres.password, statement_timeout_ms=1000
        )


def test_a_server_that_only_reads_is_no_writer_and_serves_readers(
    target: Target, postgres: Postgres, connection: Connection
) -> None:
    standby = replace(target, host=postgres.reader.host, port=postgres.reader.port)
    login = (postgres.user, postgres.password)
    written = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
    followed = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
    with connect(replace(standby, name=postgres.database), *login, statement_timeout_ms=1000, writes=False) as reader:
        until(lambda: reader.execute(followed, written).fetchone() == (True,))  # it may not know the database yet
    with pytest.raises(psycopg.OperationalError, match="read-only"):
        connect(standby, *login, statement_timeout_ms=1000)
    with connect(standby, *login, statement_timeout_ms=1000, writes=False) as reader:
        assert reader.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


def test_a_statement_that_waits_for_a_lock_too_long_is_ended(
    target: Target, postgres: Postgres, connection: Connection
) -> None:
    with (
        connect(target, postgres.user, postgres.password, statement_timeout_ms=200) as impatient,
        connection.transaction(),
    ):
        connection.execute("LOCK orders")
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            impatient.execute("SELECT * FROM orders")
        assert time.monotonic() - began < 30


def test_a_password_is_in_no_repr(postgres: Postgres) -> None:
    assert postgres.password not in repr(database.Login("retail", postgres.password))


def test_a_pool_lends_connections_that_work_after_the_server_was_away(target: Target, postgres: Postgres) -> None:
    with database.pool(
        target, postgres.user, postgres.password, statement_timeout_ms=1000, size=2, wait_seconds=20
    ) as pool:
        with pool.connection() as lent:
            assert lent.execute("SHOW statement_timeout").fetchone() == ("1s",)
        postgres.stop()
        postgres.start()
        with pool.connection() as lent:
            assert lent.execute("SELECT 1").fetchone() == (1,)


def refused(pool: ConnectionPool[Connection]) -> bool:
    """Whether a caller waits in vain."""
    try:
        with pool.connection():
            return False
    except PoolTimeout:
        return True


def test_a_pool_full_of_broken_connections_serves_the_first_who_asks_after_the_servers_return(
    target: Target, postgres: Postgres
) -> None:
    with (
        database.pool(
            target, postgres.user, postgres.password, statement_timeout_ms=1000, size=8, wait_seconds=10
        ) as pool,
        ExitStack() as all_lent,
    ):
        for _ in range(8):
            all_lent.enter_context(pool.connection())
        all_lent.close()
        postgres.stop()
        postgres.start()
        assert not refused(pool)


@pytest.mark.slow
def test_a_pool_keeps_nobody_waiting_long_for_a_server_that_was_away_for_long(
    target: Target, postgres: Postgres
) -> None:
    with database.pool(
        target, postgres.user, postgres.password, statement_timeout_ms=1000, size=8, wait_seconds=3
    ) as pool:
        assert not refused(pool)
        postgres.stop()
        try:
            # The tries of a pool that doubles its pauses are 1, 3, 7, 15 and 31 s after the first.
            assert [refused(pool) for _ in range(3)] == [True] * 3
        finally:
            postgres.start()
        assert not refused(pool)


READS_ONLY = "SET default_transaction_read_only = on"
"""What a failover does to a connection that outlives it: its server is no longer the writer."""


def test_a_pool_for_writing_lends_no_connection_to_a_server_that_only_reads_since_a_failover(
    target: Target, postgres: Postgres
) -> None:
    with database.pool(
        target, postgres.user, postgres.password, statement_timeout_ms=1000, size=1, wait_seconds=20
    ) as pool:
        with pool.connection() as lent:
            lent.execute(READS_ONLY)
        with pool.connection() as lent:
            assert lent.execute("SHOW transaction_read_only").fetchone() == ("off",)


def test_a_session_goes_on_with_the_writer_when_its_server_only_reads_since_a_failover(
    target: Target, postgres: Postgres
) -> None:
    session = database.Session(lambda: connect(target, postgres.user, postgres.password, statement_timeout_ms=1000))
    session.run(lambda connection: connection.execute(READS_ONLY))
    session.run(lambda connection: connection.execute("SELECT FROM orders FOR UPDATE"))


def test_the_shipped_authorities_are_of_rds_itself_three_for_each_region() -> None:
    bundle = database.CERTIFICATES.read_text()
    certificates = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", bundle, re.DOTALL)
    names = []
    for certificate in certificates:
        shown = subprocess.run(
            ["openssl", "x509", "-noout", "-subject", "-issuer", "-nameopt", "multiline"],
            input=certificate, text=True, capture_output=True, check=True,
        ).stdout  # fmt: skip
        subject, issuer = shown.replace("issuer=", "subject=").split("subject=")[1:]
        assert subject == issuer
        assert "organizationalUnitName    = Amazon RDS" in subject
        names.append(re.search(r"Amazon RDS (\S+) Root CA (\S+) G1", subject).groups())  # type: ignore[union-attr]
    assert len(set(names)) == len(names) > 50
    regions = {region for region, _ in names}
    assert set(names) == {(region, kind) for region in regions for kind in ("RSA2048", "RSA4096", "ECC384")}
    assert regions >= {"us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-2"}
