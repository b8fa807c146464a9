"""Reading the cache from the event loop: one connection, on which all requests of the moment are asked for together.

A cached answer comes to 0.65 of the bare JSON route's speed by it, where the aim is 0.45 and valkey-glide comes to
0.36, redis-py to 0.31. Neither library reaches the aim, so this module stays: docs/decisions/0001-hot-reads.md.

What this connection does not understand, such as the redirection of a cluster that has moved, looks like a miss;
whoever misses asks the cluster's own client next.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections import deque
from typing import Any

from botocore.exceptions import BotoCoreError
from redis.credentials import CredentialProvider

from retail.runtime.cache import ANSWER_SECONDS, PAUSE_SECONDS

log = logging.getLogger(__name__)

CONNECT_SECONDS = 0.5
"""Nobody waits for the connection: until it is there, reads are misses."""


class HotReader:
    """Reads single keys. It belongs to the event loop that first reads; a cache that is down looks like a miss."""

    def __init__(self, host: str, port: int, credentials: CredentialProvider) -> None:
        self._host, self._port, self._credentials = host, port, credentials
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._shut_until = float("-inf")

    async def get(self, key: str) -> bytes | None:
        """The value, or None where there is none or the cache does not answer within ANSWER_SECONDS."""
        connection = self._connection
        if connection is None or connection.is_lost:
            self._connect()
            return None
        return await connection.get(key)

    def close(self) -> None:
        """Drop the connection."""
        if self._connection:
            self._connection.lose("closed")

    def _connect(self) -> None:
        if self._connecting is None and time.monotonic() >= self._shut_until:
            self._connecting = asyncio.ensure_future(self._try_to_connect())

    async def _try_to_connect(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                # An IAM login signs a request, and may have to ask for the credentials to sign with.
                login = await asyncio.to_thread(self._credentials.get_credentials)
                _, connection = await asyncio.get_running_loop().create_connection(
                    Connection, self._host, self._port, ssl=ssl.create_default_context()
                )
                await connection.log_in(*login)
            self._connection = connection
        except (OSError, LoginError, BotoCoreError) as error:
            log.warning("no hot connection to the cache", extra={"error": f"{type(error).__name__}: {error}"})
        finally:
            self._connecting, self._shut_until = None, time.monotonic() + PAUSE_SECONDS


class LoginError(Exception):
    """The cache did not take the login."""


class Connection(asyncio.Protocol):
    """One connection; its answers come in the order of the questions."""

    def __init__(self) -> None:
        self.is_lost = False
        self._transport: Any = None
        self._questions: list[bytes] = []
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._received = bytearray()
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.TimerHandle | None = None

    async def get(self, key: str) -> bytes | None:
        """The value, or None where there is none or no usable answer."""
        answer = await self._ask(b"GET", key.encode())
        return answer if isinstance(answer, bytes) else None

    async def log_in(self, *login: str) -> None:
        """Log in. Raises LoginError."""
        answer = await self._ask(b"AUTH", *(part.encode() for part in login))
        if answer is not True:
            raise LoginError("refused")

    def _ask(self, *words: bytes) -> asyncio.Future[Any]:
        if not self._questions:
            # Whoever asks in the same round of the loop is sent along.
            self._loop.call_soon(self._send)
        self._questions.append(
            b"*%d\r\n%b" % (len(words), b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words))
        )
        answer = self._loop.create_future()
        self._waiting.append((self._loop.time() + ANSWER_SECONDS, answer))
        if self._watch is None:
            self._watch = self._loop.call_later(ANSWER_SECONDS, self._check)
        return answer

    def _send(self) -> None:
        if not self.is_lost:
            self._transport.write(b"".join(self._questions))
        self._questions.clear()

    def _check(self) -> None:
        """One timer for all questions: an answer that is late loses the connection, and with it all that wait."""
        self._watch = None
        if self._waiting:
            due = self._waiting[0][0]
            if due <= self._loop.time():
                self.lose("too slow")
            else:
                self._watch = self._loop.call_at(due, self._check)

    def lose(self, reason: str) -> None:
        """Give the connection up; whoever waits has a miss."""
        if not self.is_lost:
            self.is_lost = True
            log.info("the hot connection to the cache is gone", extra={"reason": reason})
            self._transport.abort()
        while self._waiting:
            self._answer(None)

    def _answer(self, value: Any) -> None:
        _, future = self._waiting.popleft()
        if not future.done():
            future.set_result(value)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lose(str(exc or "closed by the cache"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        received, start = self._received, 0
        while (end := received.find(b"\r\n", start)) >= 0:
            kind, rest, after = received[start : start + 1], received[start + 1 : end], end + 2
            value: Any = None
            if kind == b"$" and rest != b"-1":
                length = int(rest)
                if len(received) < after + length + 2:
                    break
                value, after = bytes(received[after : after + length]), after + length + 2
            elif kind == b"+":
                value = True
            elif kind not in b"-$_":
                self.lose("not an answer to GET or AUTH")
                return
            start = after
            self._answer(value)
        del received[:start]
