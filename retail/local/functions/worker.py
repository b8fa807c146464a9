"""A function at work behind its queue: what an event source mapping does in AWS."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import BoundedSemaphore, Event, Thread
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from retail.local.functions import batches
from retail.local.functions.code import CodeError
from retail.local.functions.configured import Function, Mapping
from retail.local.functions.pool import Pool
from retail.local.functions.runs import Run
from retail.local.roles.sessions import NotTrustedError

log = logging.getLogger(__name__)
T = TypeVar("T")

LOOK_AGAIN_SECONDS = 2.0
"""How often it is asked whether the function or its mapping is deployed anew."""

PAUSE_SECONDS = 1.0
"""How long a worker waits that cannot go on, before it tries again."""

STOP_SECONDS = 10
"""How long a poller's last call is waited for: what it receives later, nobody else would."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, and an SQS client to go to it with."""

    sqs: Any
    url: str


@dataclass(frozen=True, slots=True)
class Configured:
    """What a worker works by, until something else is deployed."""

    function: Function
    mapping: Mapping
    pool: Pool
    queue: Queue


class Worker:
    """One mapping's poller and its invocations, at most `at_once` of them, each in a thread."""

    def __init__(
        self,
        name: str,
        api: Any,
        make_pool: Callable[[Function], Pool],
        make_queue: Callable[[Function, Mapping], Queue],
        tell: Callable[[Run], None],
    ) -> None:
        """`api` is a Lambda client; `make_queue` gives a mapping's queue as the function's role sees it."""
        self.name = name
        self.trouble = ""
        self._api, self._make_pool, self._make_queue, self._tell = api, make_pool, make_queue, tell
        self._now: Configured | None = None
        self._looked = float("-inf")
        self._stopping = Event()
        self._thread = Thread(target=self._work, name=f"{name}-poller", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take no more messages and kill what runs: its messages come back when their time has passed."""
        self._stopping.set()
        if self._now:
            self._now.pool.stop()
        self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        while not self._stopping.is_set():
            now = self._tried(self._look)
            if now is None or not now.mapping.enabled:
                self._stopping.wait(PAUSE_SECONDS)
                continue
            at_once = now.mapping.at_once
            with ThreadPoolExecutor(at_once, thread_name_prefix=self.name) as threads:
                self._serve(now, threads, BoundedSemaphore(at_once))

    def _serve(self, now: Configured, threads: ThreadPoolExecutor, free: BoundedSemaphore) -> None:
        """Work by one configuration, until it is another or the end."""

        def has_ended() -> bool:
            return self._stopping.is_set() or self._tried(self._look) is not now

        while not self._stopping.is_set():
            # Nothing is received that nobody can work on: each receive counts towards the dead letters (T163).
            if not free.acquire(timeout=PAUSE_SECONDS):
                continue
            batch = None
            try:
                if has_ended():
                    return
                batch = self._tried(lambda: batches.gather(now.queue.sqs, now.queue.url, now.mapping, has_ended))
            finally:
                if not batch:
                    free.release()
            if batch is None:
                self._stopping.wait(PAUSE_SECONDS)
            elif batch:
                threads.submit(self._work_off, now, batch, free)

    def _look(self) -> Configured | None:
        """What is deployed now: the same object as long as that is the same; None without a mapping."""
        if time.monotonic() - self._looked < LOOK_AGAIN_SECONDS:
            return self._now
        function, mapping = Function.read(self._api, self.name), Mapping.read(self._api, self.name)
        before = self._now
        if before and (before.function, before.mapping) == (function, mapping):
            self._looked = time.monotonic()
            return before
        is_same_function = before is not None and before.function == function
        if before and (mapping is None or not is_same_function):
            before.pool.retire()
        self._now = None
        if mapping:
            pool = before.pool if before and is_same_function else self._make_pool(function)
            self._now = Configured(function, mapping, pool, self._make_queue(function, mapping))
        self._looked = time.monotonic()
        return self._now

    def _work_off(self, now: Configured, batch: list[batches.Message], free: BoundedSemaphore) -> None:
        try:
            self._invoke(now, batch)
        except Exception:
            # Nobody asks a thread how it ended; the batch comes back, as after Lambda's own errors.
            log.exception("%s: a batch was not worked off", self.name)
        finally:
            free.release()

    def _invoke(self, now: Configured, batch: list[batches.Message]) -> None:
        started, size = datetime.now(UTC), len(batch)
        try:
            outcome = now.pool.invoke(batches.event(batch, now.mapping))
        except (CodeError, OSError) as error:
            self._tell(Run(self.name, started, 0.0, size, size, True, f"{type(error).__name__}: {error}", ()))
            return
        answer = outcome.answer
        ids = {message["MessageId"] for message in batch}
        failed = ids if answer.error else batches.failed(answer.content, batch, now.mapping)
        done = [message for message in batch if message["MessageId"] not in failed]
        if not self._stopping.is_set():
            self._tried(lambda: batches.delete(now.queue.sqs, now.queue.url, done))
            self._tell(
                Run(self.name, started, outcome.seconds, size, len(failed), outcome.is_cold, answer.error, outcome.log)
            )

    def _tried(self, call: Callable[[], T]) -> T | None:
        """What the call returns, or None when AWS refuses it or is away; `trouble` then says why."""
        try:
            result = call()
        except (ClientError, BotoCoreError, NotTrustedError) as error:
            self.trouble = "" if self._stopping.is_set() else str(error)
            return None
        self.trouble = ""
        return result
