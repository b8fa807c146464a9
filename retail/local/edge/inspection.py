"""A request as the web ACL looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote, unquote_plus

from retail.local.edge.messages import Request, value

BODY_BYTES = 16 * 1024
"""How much of a body WAF inspects behind CloudFront, unless told to pay for more."""


@dataclass(frozen=True)
class Inspection:
    """The request's parts, as sent and decoded."""

    request: Request
    raw_body: bytes

    @classmethod
    async def of(cls, request: Request) -> Inspection:
        """With the beginning of the body, which can still be read after."""
        body = await request.beginning(BODY_BYTES) if request.has_body else b""
        return cls(request, body[:BODY_BYTES])

    @cached_property
    def path(self) -> str:
        return unquote(self.request.path)

    @cached_property
    def query(self) -> str:
        return unquote_plus(self.request.query)

    @cached_property
    def body(self) -> str:
        return unquote_plus(self.raw_body.decode(errors="replace"))

    @cached_property
    def cookies(self) -> str:
        return unquote(self.header("cookie"))

    @cached_property
    def headers(self) -> str:
        """The values of all headers but the cookies, each on its line."""
        return "\n".join(found.decode("latin-1") for name, found in self.request.headers if name != b"cookie")

    def header(self, name: str) -> str:
        return value(self.request.headers, name.lower().encode()).decode("latin-1")
