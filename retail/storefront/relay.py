"""Publishes the outbox: what was committed with an order reaches the bus at least once, whatever fails in between.

Every task runs one; they take different rows (SKIP LOCKED). A row stays locked while it is published, so that a task
which dies lets it go, and another publishes it again: whoever handles an event knows it by its id (T171).
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from psycopg_pool import ConnectionPool, PoolTimeout

from retail.contracts import metrics
from retail.contracts.events import SOURCE, OrderShipped
from retail.runtime import lake
from retail.runtime.database import Connection

log = logging.getLogger(__name__)

BATCH = 10
"""PutEvents takes no more at once."""

IDLE_SECONDS = 1.0
"""How often an idle relay looks for what another task wrote before it died."""

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 300.0

KEPT_DAYS = 7
"""How long published rows are kept; the bus's own archive has them for 90 days."""

TIDIED_AT_ONCE = 1_000
TIDY_ROUNDS = TIDIED_AT_ONCE // BATCH
"""After how many batches or idle looks old rows are deleted: as many as may have been published meanwhile."""

REPORT_SECONDS = 60.0
"""How often a relay tells what waits: an alarm looks at each minute."""

COUNTED = 100_000
"""How many of what waits are counted, those that are due first; so many take PostgreSQL some 150 ms."""

Row = tuple[int, str, dict[str, Any], int]
"""id, detail type, detail, attempts."""


class Relay:
    """Publishes in a thread of its own."""

    def __init__(self, writer: ConnectionPool[Connection], events: Any, bus: str, s3: Any, lake_bucket: str) -> None:
        self._writer = writer
        self._events, self._bus = events, bus
        self._s3, self._lake_bucket = s3, lake_bucket
        self._wanted = Event()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to publish."""
        self._wanted.set()

    def stop(self, seconds: float) -> None:
        """Stop after the batch that is being published, if it takes no longer than `seconds`."""
        log.info("the relay stops")
        self._stopping.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def publish(self) -> int:
        """Publish one batch of what is due; how many rows it had. Raises psycopg's errors.

        What the bus or the lake refuses is tried again later, each row by itself.
        """
        with self._writer.connection() as connection, connection.transaction():
            rows: list[Row] = connection.execute(DUE, [BATCH]).fetchall()
            if rows:
                accepted = self._send(self._archive(rows))
                delays = {row[0]: _delay(row[3]) for row in rows if row[0] not in accepted}
                connection.execute(DONE, [list(accepted)])
                connection.execute(LATER, [list(delays), list(delays.values())])
                log.info("published", extra={"accepted": len(accepted), "refused": len(delays)})
        return len(rows)

    def tidy(self) -> int:
        """Delete some of the rows that were published KEPT_DAYS ago; how many. Raises psycopg's errors."""
        with self._writer.connection() as connection:
            return connection.execute(TIDY, [TIDIED_AT_ONCE, KEPT_DAYS]).rowcount

    def report(self) -> int:
        """Tell operators what waits, due or not, whoever would publish it; how many. Raises psycopg's errors.

        Each task tells of the same table, so that one relay is enough to say that another is stuck.
        """
        with self._writer.connection() as connection:
            waiting, oldest = connection.execute(WAITING, [COUNTED]).fetchall()[0]
        told = {metrics.OUTBOX_WAITING: waiting, metrics.OUTBOX_OLDEST_AGE: oldest}
        log.info("what waits for the bus", extra={metrics.EVENT_BUS: self._bus, "metrics": told})
        return int(waiting)

    def _archive(self, rows: list[Row]) -> list[Row]:
        """Write what no function sees to the lake; returns the rows that may be published."""
        shipped = [row for row in rows if row[1] == OrderShipped.__name__]
        try:
            lake.write(self._s3, self._lake_bucket, "orders", [{"event_type": row[1], **row[2]} for row in shipped])
        except (BotoCoreError, ClientError) as error:
            log.warning("the lake refuses", extra={"error": _text(error)})
            return [row for row in rows if row not in shipped]
        return rows

    def _send(self, rows: list[Row]) -> set[int]:
        """Put rows on the bus; returns the ids of those it took, entry by entry."""
        if not rows:
            return set()
        entries = [
            {"EventBusName": self._bus, "Source": SOURCE, "DetailType": row[1], "Detail": json.dumps(row[2])}
            for row in rows
        ]
        try:
            results = self._events.put_events(Entries=entries)["Entries"]
        except (BotoCoreError, ClientError) as error:
            log.warning("the bus refuses", extra={"error": _text(error)})
            return set()
        for result in results:
            if result.get("ErrorCode"):
                log.warning("the bus refuses an event", extra={"error": result["ErrorCode"]})
        return {row[0] for row, result in zip(rows, results, strict=True) if not result.get("ErrorCode")}

    def _run(self) -> None:
        rounds, next_report = 0, time.monotonic()
        while not self._stopping.is_set():
            self._wanted.clear()
            found = _tried(self.publish)
            if rounds % TIDY_ROUNDS == 0:
                _tried(self.tidy)
            # By itself, as what cannot be published is what has to be told of.
            if time.monotonic() >= next_report:
                next_report = time.monotonic() + REPORT_SECONDS
                _tried(self.report)
            rounds += 1
            if found < BATCH:
                # Not all tasks at the same moment.
                self._wanted.wait(IDLE_SECONDS * random.uniform(0.5, 1.5))


# Both take what waits in the order of its index, in which a new event is due when it is made. In the order of the ids,
# PostgreSQL reads past a week of published rows as soon as a few thousand wait; without a limit, while its statistics
# are those of a backlog that is gone.
DUE = """
SELECT id, detail_type, detail, attempts
FROM outbox
WHERE published_at IS NULL AND next_attempt_at <= now()
ORDER BY next_attempt_at
LIMIT %s
FOR UPDATE SKIP LOCKED
"""

WAITING = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float
FROM (SELECT created_at FROM outbox WHERE published_at IS NULL ORDER BY next_attempt_at LIMIT %s) AS waiting
"""

DONE = "UPDATE outbox SET published_at = now(), attempts = attempts + 1 WHERE id = ANY(%s)"

LATER = """
UPDATE outbox SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => delay)
FROM unnest(%s::bigint[], %s::float[]) AS later(id, delay)
WHERE outbox.id = later.id
"""

# Ids are given in the order of time: only the first published rows are looked at, or all would be read while none is
# old. One of them that was refused for long and came late holds up those behind it until it is old itself. As an array
# the ids are looked up one by one; joined, PostgreSQL would read a table that is not large yet as a whole.
TIDY = """
DELETE FROM outbox WHERE id = ANY(ARRAY(
    SELECT id FROM (SELECT id, published_at FROM outbox WHERE published_at IS NOT NULL ORDER BY id LIMIT %s) AS first
    WHERE published_at < now() - make_interval(days => %s)
))
"""


def _tried(work: Callable[[], int]) -> int:
    """What the work returns, or 0 if it fails: the relay goes on, and the rows are still there."""
    try:
        return work()
    except (psycopg.Error, PoolTimeout) as error:
        log.warning("the outbox cannot be read", extra={"error": _text(error)})
    except Exception:
        # The thread must outlive what nobody thought of.
        log.exception("the relay fails")
    return 0


def _delay(attempts: int) -> float:
    """Seconds until the next try: twice as long each time, and not for all rows at once."""
    longest = min(FIRST_RETRY_SECONDS * 2 ** min(attempts, 20), LONGEST_RETRY_SECONDS)
    return longest * random.uniform(0.5, 1.0)


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
