"""Requests and answers as they pass through: what every intermediary does to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate

from starlette.types import Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]
"""Names in lower case."""

HOP_BY_HOP = {
    b"connection",
    b"expect",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
"""What concerns one connection only (RFC 9110, 7.6.1)."""


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers that may go on, without those that Connection names."""
    lowered = [(name.lower(), value) for name, value in headers]
    named = {word.strip().lower() for name, value in lowered if name == b"connection" for word in value.split(b",")}
    return [(name, value) for name, value in lowered if name not in HOP_BY_HOP and name not in named]


def value(headers: Headers, name: bytes) -> bytes:
    """The values of a header, joined as one; empty if there is none."""
    return b", ".join(found for each, found in headers if each == name)


def without(headers: Headers, *names: bytes) -> Headers:
    """The headers but for those of these names."""
    return [(name, found) for name, found in headers if name not in names]


def given(headers: Headers, name: bytes, new: bytes) -> Headers:
    """The headers with this one instead of any other of its name."""
    return [*without(headers, name), (name, new)]


def appended(headers: Headers, name: bytes, more: bytes) -> Headers:
    """The headers with a further value at the end of this one."""
    before = value(headers, name)
    return given(headers, name, b", ".join((before, more)) if before else more)


class GoneError(Exception):
    """The client has closed its connection before its request was complete."""


@dataclass(slots=True)
class Request:
    """A request as it arrives. The body is read once, and its beginning may be looked at before."""

    method: str
    path: str
    query: str
    headers: Headers
    client: str
    _receive: Receive
    _read: list[bytes] = field(default_factory=list)
    is_complete: bool = False
    """Whether all of the body has arrived."""

    @classmethod
    def of(cls, scope: Scope, receive: Receive) -> Request:
        """The request of an ASGI scope; the path is as it was sent, with its escapes."""
        return cls(
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            scope["headers"],
            scope["client"][0],
            receive,
        )

    @property
    def target(self) -> str:
        """Path and query string."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def has_body(self) -> bool:
        """Whether the headers announce one."""
        return value(self.headers, b"content-length") not in (b"", b"0") or bool(
            value(self.headers, b"transfer-encoding")
        )

    async def beginning(self, size: int) -> bytes:
        """At least so many bytes of the body, if it has them; they are still there to be read."""
        while not self.is_complete and sum(map(len, self._read)) < size:
            await self._next()
        return b"".join(self._read)

    async def body(self) -> AsyncIterator[bytes]:
        """The whole body, piece by piece."""
        while self._read or not self.is_complete:
            if self._read:
                yield self._read.pop(0)
            else:
                await self._next()

    async def gone(self) -> None:
        """Return when the client has closed its connection; only after the body has been read."""
        with suppress(GoneError):
            while True:
                await self._next()

    async def _next(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        if message.get("body"):
            self._read.append(message["body"])
        self.is_complete = not message.get("more_body", False)


async def begin(send: Send, status: int, headers: Headers) -> None:
    """The first line and the headers of an answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def end(send: Send, body: bytes = b"") -> None:
    """The rest of an answer's body, or all of it."""
    await send({"type": "http.response.body", "body": body})


async def answer(send: Send, status: int, headers: Headers, body: bytes, *, is_head: bool) -> None:
    """An answer of the edge's own; to a HEAD request only what a GET would get."""
    length = (b"content-length", str(len(body)).encode())
    await begin(send, status, [(b"date", formatdate(usegmt=True).encode()), length, *headers])
    await end(send, b"" if is_head else body)
