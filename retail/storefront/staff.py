"""The people who ship orders, and their logins. Passwords are kept as scrypt hashes.

python -m retail.storefront.staff hash            # on one's own machine: asks for a password, prints its hash
python -m retail.storefront.staff grant NAME HASH  # as a task: lets NAME in with that password, and with no other
python -m retail.storefront.staff remove NAME      # as a task: lets NAME in no more, and ends NAME's logins at once
"""

from __future__ import annotations

import argparse
import base64
import getpass
import hashlib
import hmac
import os
import secrets
from uuid import uuid4

import boto3
from psycopg_pool import ConnectionPool

from retail.contracts import settings
from retail.runtime import database
from retail.storefront import discovery
from retail.storefront.sessions import STAFF_KEPT

COST, BLOCK, LANES = 2**14, 8, 5
"""scrypt's N, r and p, as OWASP's Password Storage Cheat Sheet has them: 16 MiB, some 100 ms."""


class Staff:
    """Who may ship. Every method raises psycopg's errors when the database does not answer.

    All is read from the writer: a reader that lags would let in who was shut out a moment before, and not yet who has
    just logged in. Staff are few, and what they look at is read from the writer anyway.
    """

    def __init__(self, writer: ConnectionPool[database.Connection]) -> None:
        self._writer = writer

    def log_in(self, username: str, password: str) -> str | None:
        """The id of a new login, or None for a wrong password; it takes as long for a name that nobody has."""
        with self._writer.connection() as connection:
            row = connection.execute("SELECT password_hash FROM staff WHERE username = %s", [username]).fetchone()
        password_hash = row[0] if row else NOBODYS
        if not _matches(password, password_hash):
            return None
        login_id = str(uuid4())
        asked = {"login_id": login_id, "username": username, "password_hash": password_hash, "kept": STAFF_KEPT}
        with self._writer.connection() as connection:
            is_in = connection.execute(LOG_IN, asked).rowcount == 1
        return login_id if is_in else None

    def is_in(self, login_id: str) -> bool:
        """Whether a login holds: neither over nor ended, and its person is still staff with the same password."""
        with self._writer.connection() as connection:
            return connection.execute(IS_IN, [login_id]).fetchone() is not None

    def log_out(self, login_id: str) -> None:
        """End a login, whoever still has its cookie."""
        with self._writer.connection() as connection:
            connection.execute("DELETE FROM staff_logins WHERE login_id = %s", [login_id])

    def grant(self, username: str, password_hash: str) -> None:
        """Let somebody in with the password that has this hash, and no longer with another."""
        with self._writer.connection() as connection:
            connection.execute(GRANT, [username, password_hash])

    def remove(self, username: str) -> bool:
        """Let somebody in no more; whether there was such a person."""
        with self._writer.connection() as connection:
            return connection.execute("DELETE FROM staff WHERE username = %s", [username]).rowcount > 0


GRANT = """
INSERT INTO staff (username, password_hash) VALUES (%s, %s)
ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash
"""

LOG_IN = """
WITH over AS (DELETE FROM staff_logins WHERE until < now())
INSERT INTO staff_logins (login_id, username, password_hash, until)
SELECT %(login_id)s, username, password_hash, now() + %(kept)s
FROM staff WHERE username = %(username)s AND password_hash = %(password_hash)s
"""

IS_IN = """
SELECT FROM staff_logins JOIN staff USING (username, password_hash) WHERE login_id = %s AND until > now()
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
    remove = commands.add_parser("remove", help="let somebody in no more")
    remove.add_argument("username")
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
        if asked.command == "grant":
            Staff(pool).grant(asked.username, asked.password_hash)
        elif not Staff(pool).remove(asked.username):
            parser.exit(2, f"nobody of staff is called {asked.username}: see the names in the table staff\n")


if __name__ == "__main__":
    main()
