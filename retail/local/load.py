"""A small HTTP load: so many connections, each asking again as soon as it is answered."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class LoadError(Exception):
    """An answer that was not asked for."""


@dataclass(frozen=True)
class Load:
    """What a load came to."""

    per_second: float
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, taken: list[float], done: int, elapsed: float) -> Self:
        """So many done in so many seconds, and how long each request or piece of work took."""
        times = sorted(taken)
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        return cls(per_second=done / elapsed, p50_ms=1000 * p50, p99_ms=1000 * p99)


class Connection(asyncio.Protocol):
    """Asks again with each answer, until the time is over. A protocol, as streams would be the bottleneck."""

    def __init__(self, request: Callable[[], bytes], status: bytes, until: float) -> None:
        self.taken: list[float] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request, self._status, self._until = request, status, until
        self._received = b""
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(self._request())

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(self._received, 0, end + 2)
        if length is None or self._received[9:12] != self._status:
            self._finish(LoadError(self._received[: end + 200].decode(errors="replace")))
        elif len(self._received) >= end + 4 + int(length[1]):
            now = time.perf_counter()
            self.taken.append(now - self._asked)
            self._received = b""
            if now < self._until:
                self._ask()
            else:
                self._finish(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(LoadError(f"the connection is gone: {exc}"))

    def _finish(self, error: Exception | None) -> None:
        if self.over.done():
            return
        if error:
            self.over.set_exception(error)
        else:
            self.over.set_result(None)
        self._transport.close()


def get(path: str) -> bytes:
    """A GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: shop\r\nAccept: application/json\r\n\r\n".encode()


def load(port: int, request: Callable[[], bytes], status: bytes, *, connections: int, seconds: float) -> Load:
    """Ask for some seconds; ``request`` makes each request. Raises LoadError for any other status."""
    return asyncio.run(_load(port, request, status, connections, seconds))


async def _load(port: int, request: Callable[[], bytes], status: bytes, connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    begin = time.perf_counter()
    protocols = [
        (await loop.create_connection(lambda: Connection(request, status, begin + seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.over for protocol in protocols))
    elapsed = time.perf_counter() - begin
    taken = [each for protocol in protocols for each in protocol.taken]
    return Load.of(taken, len(taken), elapsed)
