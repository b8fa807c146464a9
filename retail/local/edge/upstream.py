"""Asking the next server on this machine, over connections that are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp
from starlette.types import Send
from yarl import URL

from retail.local.edge.messages import Headers, Request, begin, end, end_to_end, value, without

KEPT_SECONDS = 55
"""Less than any server behind keeps an idle connection, or a request would meet one that is just being closed."""

CONNECT_SECONDS = 5.0
SMALL = 16 * 1024
LONGEST_LINE = 64 * 1024
BODILESS = (204, 304)
ADDED_BY_CLIENT = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class UnreachableError(Exception):
    """The server cannot be reached, breaks off, or says what is no HTTP."""


class TooSlowError(Exception):
    """The server does not answer in time."""


class BrokenOffError(Exception):
    """The server has stopped in the middle of an answer that is already being passed on."""


class Reply:
    """An answer as it comes in."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers: Headers = end_to_end(response.raw_headers)
        self._response = response

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, each piece as it arrives. Raises UnreachableError or TooSlowError."""
        with _translated():
            async for piece in self._response.content.iter_any():
                yield piece

    async def up_to(self, limit: int) -> tuple[bytes, bool]:
        """The body's beginning, and whether that is all of it. Raises UnreachableError or TooSlowError."""
        read: list[bytes] = []
        size = 0
        async for piece in self.pieces():
            read.append(piece)
            size += len(piece)
            if size > limit:
                return b"".join(read), False
        return b"".join(read), True

    async def whole(self) -> bytes:
        """The whole body. Raises UnreachableError or TooSlowError."""
        with _translated():
            return await self._response.read()


@contextmanager
def _translated() -> Iterator[None]:
    """aiohttp's errors as the two that matter here."""
    try:
        yield
    except TimeoutError as error:
        raise TooSlowError(str(error)) from None
    except (aiohttp.ClientError, OSError) as error:
        raise UnreachableError(str(error)) from None


class Upstream:
    """A pool of connections. Used as a context manager within the event loop."""

    _session: aiohttp.ClientSession

    async def __aenter__(self) -> Upstream:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=ADDED_BY_CLIENT,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    @asynccontextmanager
    async def ask(
        self,
        method: str,
        address: str,
        target: str,
        headers: Headers,
        *,
        body: Request | None = None,
        seconds: float | None,
    ) -> AsyncIterator[Reply]:
        """Send a request with its headers as they are, and that of another as its body.

        ``address`` is host and port; ``seconds`` the longest silence. Raises UnreachableError or TooSlowError.
        """
        data: bytes | AsyncIterator[bytes] | None = None
        if body is not None and body.has_body:
            first = await body.beginning(SMALL)
            data = first if body.is_complete else body.body()
            if body.is_complete:
                headers = without(headers, b"content-length")
        with _translated():
            async with self._session.request(
                method,
                URL(f"http://{address}{target}", encoded=True),
                headers=[(_text(name), _text(found)) for name, found in headers],
                data=data,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=seconds),
            ) as response:
                yield Reply(response)


async def relay(send: Send, status: int, headers: Headers, reply: Reply, first: bytes = b"") -> None:
    """Pass an answer on as it comes in, after what has been read of its body; a small one at once.

    Raises UnreachableError or TooSlowError before anything is sent of a small one. Of a large one the server then
    closes the connection, so that the client knows that something is missing.
    """
    if status in BODILESS:
        headers = without(headers, b"content-length")
    length = value(headers, b"content-length")
    if length.isdigit() and int(length) <= SMALL:
        body = first + await reply.whole()
        await begin(send, status, headers)
        await end(send, body)
        return
    await begin(send, status, headers)
    if first:
        await send({"type": "http.response.body", "body": first, "more_body": True})
    try:
        async for piece in reply.pieces():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except (UnreachableError, TooSlowError) as error:
        raise BrokenOffError(str(error)) from None
    await end(send)


def _text(raw: bytes) -> str:
    """aiohttp writes headers in UTF-8, in which most that is not ASCII has come."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
