"""Alembic runs this file itself, once a run; the connection comes from retail.storefront.migrate."""

from alembic import context
from sqlalchemy import text

LOCK = 5_241_905_116
"""The advisory lock that one run holds until its transaction ends; any number, as long as it stays the same."""

connection = context.config.attributes["connection"]
context.configure(connection=connection)
with context.begin_transaction():
    # The revision is read after the lock is had: whoever waited finds the work done. A killed run frees it.
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    context.run_migrations()
