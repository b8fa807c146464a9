"""Count what the shop's events have led to, so that two counts can be compared: as one line of JSON.

python -m retail.storefront.census 2026-11-22T10:00:00+00:00 [host]      # as a task of the service's image and role

Orders placed and events handled since that moment are left out, so that a shop that stays open does not disturb. With
a host it counts there: in a cluster that was restored beside the shop's own.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import datetime

import boto3

from retail.contracts import settings
from retail.runtime import database
from retail.runtime.database import Connection
from retail.storefront import discovery

STATEMENT_MILLISECONDS = 300_000

PREFIX = "census "
"""What the line begins with, among the other lines of a log."""

# A sum of hashes is the same in any order of the rows, and takes no memory. What an open shop takes off the shelves
# since the moment is added again; what was published before it and is handled only since, is `anew`.
COUNT = """
WITH since AS (
    SELECT outbox.created_at, (outbox.detail ->> 'sku') AS sku, (outbox.detail ->> 'quantity')::bigint AS quantity
    FROM processed_events AS done JOIN outbox USING (event_id)
    WHERE done.processed_at >= %(moment)s AND done.consumer = 'inventory'
)
SELECT 'orders', count(*), coalesce(sum(hashtextextended(
           concat_ws('|', order_id, customer_id, currency, total_cents, placed_at), 0)), 0)
FROM orders WHERE placed_at < %(moment)s
UNION ALL
SELECT 'order_lines', count(*), coalesce(sum(hashtextextended(order_lines::text, 0)), 0)
FROM order_lines JOIN orders USING (order_id) WHERE placed_at < %(moment)s
UNION ALL
SELECT 'processed_events', count(*), coalesce(sum(hashtextextended(event_id || consumer, 0)), 0)
FROM processed_events WHERE processed_at < %(moment)s
UNION ALL
SELECT 'stock', count(*), coalesce(sum(hashtextextended(concat_ws('|', sku, on_hand + coalesce((
           SELECT sum(quantity) FROM since WHERE since.sku = stock.sku AND since.created_at >= %(moment)s
       ), 0)), 0)), 0)
FROM stock
UNION ALL
SELECT 'anew', count(*), 0
FROM processed_events AS done LEFT JOIN outbox USING (event_id)
WHERE done.processed_at >= %(moment)s AND coalesce(outbox.created_at, '-infinity') < %(moment)s
"""


def census(connection: Connection, moment: datetime) -> dict[str, str]:
    """Rows and their hash by table, as of a moment that has passed; and how many older events were handled since."""
    rows = connection.execute(COUNT, {"moment": moment}).fetchall()
    return {name: f"{count} {digest}" if digest else str(count) for name, count, digest in rows}


def main() -> None:
    """Find the database as the storefront does, and count."""
    moment, elsewhere = datetime.fromisoformat(sys.argv[1]), sys.argv[2:]
    told = settings.Storefront.read(os.environ)
    login = settings.Credentials.read(os.environ)
    endpoints = discovery.find(boto3.client("ssm"), told.parameters_path)
    target = replace(endpoints.writer, host=elsewhere[0]) if elsewhere else endpoints.writer
    with database.connect(
        target, login.database_username, login.database_password, statement_timeout_ms=STATEMENT_MILLISECONDS
    ) as connection:
        print(PREFIX + json.dumps(census(connection, moment)), flush=True)


if __name__ == "__main__":
    main()
