"""Bring the database's schema up to date; safe to run twice and side by side.

python -m retail.storefront.migrate        # as a task of the service's own image and role
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import boto3
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from retail.contracts import settings
from retail.runtime import database
from retail.runtime import logging as structured
from retail.storefront import discovery

STATEMENT_MILLISECONDS = 300_000
"""A migration may rewrite a table, and may wait for another that runs side by side."""


def migrate(target: database.Target, username: str, password: str) -> None:
    """Run what is missing, in one transaction. Raises psycopg.OperationalError when the database cannot be reached."""
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: database.connect(target, username, password, statement_timeout_ms=STATEMENT_MILLISECONDS),
        poolclass=NullPool,
        # The connection comes in autocommit; without a transaction nothing would hold the lock.
        isolation_level="READ COMMITTED",
    )
    with engine.connect() as connection:
        config = Config(Path(__file__).with_name("alembic.ini"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def main() -> None:
    """Find the database as the storefront does, and bring it up to date."""
    structured.configure("migrate")
    told = settings.Storefront.read(os.environ)
    login = settings.Credentials.read(os.environ)
    endpoints = discovery.find(boto3.client("ssm"), told.parameters_path)
    migrate(endpoints.writer, login.database_username, login.database_password)
    logging.getLogger(__name__).info("the schema is up to date")


if __name__ == "__main__":
    main()
