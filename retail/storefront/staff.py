"""The people who ship orders. Their passwords are kept as scrypt hashes.

python -m retail.storefront.staff hash            # on one's own machine: asks for a password, prints its hash
python -m retail.storefront.staff grant NAME HASH  # as a task: lets NAME in with that password
"""

from __future__ import annotations

import argparse
import base64
import getpass
import hashlib
import hmac
import os
import secrets

import boto3
from psycopg_pool import ConnectionPool

from retail.contracts import settings
from retail.runtime import database
from retail.storefront import discovery

COST, BLOCK, LANES = 2**14, 8, 5
"""scrypt's N, r and p, as OWASP's Password Storage Cheat Sheet has them: 16 MiB, some 100 ms."""


class Staff:
    """Who may ship. Every method raises psycopg's errors when the database does not answer."""

    def __init__(self, writer: ConnectionPool[database.Connection]) -> None:
        self._writer = writer

    def knows(self, username: str, password: str) -> bool:
        """Whether this is the password of a staff member; it takes as long for a name that nobody has."""
        with self._writer.connection() as connection:
            row = connection.execute("SELECT password_hash FROM staff WHERE username = %s", [username]).fetchone()
        return _matches(password, row[0] if row else NOBODYS)

    def grant(self, username: str, password_hash: str) -> None:
        """Let somebody in with the password that has this hash, and no longer with another."""
        with self._writer.connection() as connection:
            connection.execute(GRANT, [username, password_hash])


GRANT = """
INSERT INTO staff (username, password_hash) VALUES (%s, %s)
ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash
"""


NOBODYS = f"scrypt${base64.b64encode(bytes(16)).decode()}${base64.b64encode(bytes(64)).decode()}"
"""The hash of no password at all."""


def hash_password(password: str) -> str:
    """A password as the table keeps it."""
    salt = secrets.token_bytes(16)
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(_scrypt(password, salt)).decode()}"


def _matches(password: str, kept: str) -> bool:
    _, salt, digest = kept.split("$")
    return hmac.compare_digest(_scrypt(password, base64.b64decode(salt)), base64.b64decode(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode(errors="replace"), salt=salt, n=COST, r=BLOCK, p=LANES, maxmem=2 * 128 * COST * BLOCK
    )


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m retail.storefront.staff")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("hash", help="ask for a password and print its hash")
    grant = commands.add_parser("grant", help="let somebody in")
    grant.add_argument("username")
    grant.add_argument("password_hash")
    asked = parser.parse_args()
    if asked.command == "hash":
        print(hash_password(getpass.getpass()))
        return
    told = settings.Storefront.read(os.environ)
    login = settings.Credentials.read(os.environ)
    writer = discovery.find(boto3.client("ssm"), told.parameters_path).writer
    with database.pool(
        writer, login.database_username, login.database_password, statement_timeout_ms=5_000, size=1, wait_seconds=10
    ) as pool:
        Staff(pool).grant(asked.username, asked.password_hash)


if __name__ == "__main__":
    main()
