"""Fill the shop: python -m retail.storefront.seed, as a task of the service's own image and role, after migrations."""

from __future__ import annotations

import logging
import os

import boto3

from retail.contracts import settings
from retail.runtime import cache, database, lake
from retail.runtime import logging as structured
from retail.storefront import discovery
from retail.storefront.aws import iam_login
from retail.storefront.seed.load import load

STATEMENT_MILLISECONDS = 30_000

CACHE_SECONDS = 2.0
"""How long the cache may take here, where no shopper waits."""


def main() -> None:
    """Find the database as the storefront does, load the products, and tell lake and cache what changed."""
    structured.configure("seed")
    told = settings.Storefront.read(os.environ)
    login = settings.Credentials.read(os.environ)
    endpoints = discovery.find(boto3.client("ssm"), told.parameters_path)
    with (
        database.connect(
            endpoints.writer,
            login.database_username,
            login.database_password,
            statement_timeout_ms=STATEMENT_MILLISECONDS,
        ) as connection,
        connection.transaction(),
    ):
        changed = load(connection)
        # Before the commit: what the lake does not know, the next run changes again.
        lake.write(boto3.client("s3"), endpoints.lake_bucket, "products", changed)
    if mended := [cache.product_key(each["sku"]) for each in changed if each["version"] > 1]:
        token = iam_login(endpoints)
        kept = cache.Cache(
            lambda: cache.connect(endpoints.cache_host, endpoints.cache_port, token, seconds=CACHE_SECONDS)
        )
        # Logged where the cache is down; its entries have a lifetime.
        kept.drop(*mended)
    logging.getLogger(__name__).info("the shop is filled", extra={"changed": len(changed)})


if __name__ == "__main__":
    main()
