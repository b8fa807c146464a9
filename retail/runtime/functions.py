"""What the functions with a database share: their session, and how a bad message is kept from harming the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg

from retail.contracts import settings
from retail.runtime import aws
from retail.runtime.database import Connection, Session, Target, connect, login
from retail.runtime.sqs import Message

log = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")

STATEMENT_SECONDS = 10
"""How long a statement may take."""

FINISH_SECONDS = STATEMENT_SECONDS + aws.MOST_SECONDS
"""What must be left of a function's 60 s before another statement is begun: for it, and for writing to the lake."""

OWN_FAULT = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
"""What one message can do to the statement for all."""


def session(told: settings.Database, secretsmanager: Any) -> Session:
    """A session with the writer."""
    target = Target(told.database_host, int(told.database_port), told.database_name)

    def opened() -> Connection:
        user = login(secretsmanager, told.database_secret_arn)
        return connect(target, user.username, user.password, statement_timeout_ms=STATEMENT_SECONDS * 1000)

    return Session(opened)


def settle(
    work: Callable[[Sequence[T]], R], messages: Sequence[Message[T]], seconds_left: Callable[[], float]
) -> tuple[list[R], list[str]]:
    """Do `work` for all messages in one go, or for each alone when one of them spoils it.

    Returns what the work returned, once for each time it was done, and the ids of the messages that failed or for
    which no time is left; they are logged. Raises psycopg.Error when it is no message's fault, such as a database that
    cannot be reached.
    """
    if not messages:
        return [], []
    try:
        return [work([message.content for message in messages])], []
    except OWN_FAULT as error:
        log.warning("a batch fails and is done one by one", extra={"messages": len(messages), **_told(error)})
    results, failed = [], []
    for message in messages:
        try:
            if seconds_left() < FINISH_SECONDS:
                raise psycopg.errors.QueryCanceled("no time is left")
            results.append(work([message.content]))
        except OWN_FAULT as error:
            log.error("a message fails", extra={"message_id": message.id, **_told(error)})
            failed.append(message.id)
    return results, failed


def _told(error: psycopg.Error) -> dict[str, str | None]:
    """An error for the log, without its details: they show the row."""
    reason = error.diag.message_primary or str(error)
    return {"error": type(error).__name__, "reason": reason, "constraint": error.diag.constraint_name}
