"""Alembic runs this file itself, once a run; the connection comes from retail.storefront.migrate."""

from alembic import context
from sqlalchemy import text

LOCK = 5_241_905_116
"""The advisory lock that one run holds until its transaction ends; any number, as long as it stays the same."""

PATIENCE_MILLISECONDS = 3_000
"""How long a change waits for a table in use, as all who come later wait behind it. Then nothing is changed."""

connection = context.config.attributes["connection"]
context.configure(connection=connection)
with context.begin_transaction():
    # The revision is read after the lock is had: whoever waited finds the work done. A killed run frees it.
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    connection.execute(text(f"SET LOCAL lock_timeout = {PATIENCE_MILLISECONDS}"))
    context.run_migrations()
