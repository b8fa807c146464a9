"""The platform's page at the shop's address. It is not part of the platform: it passes neither web ACL nor cache."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from retail.local.edge.messages import GoneError, Request, answer, end_to_end
from retail.local.edge.upstream import UnreachableError, Upstream, relay
from retail.local.processes import HOST

PREFIX = "/_platform"
LABEL = (b"x-local", b"not part of the platform")


class WithPage:
    """An ASGI application that hands the page's paths to the page's port and all others to another application."""

    def __init__(self, shop: ASGIApp, upstream: Upstream, port: int) -> None:
        self._shop, self._upstream, self._address = shop, upstream, f"{HOST}:{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if not scope["path"].startswith(PREFIX):
            await self._shop(scope, receive, send)
            return
        request = Request.of(scope, receive)
        try:
            async with self._upstream.ask(
                request.method,
                self._address,
                request.target,
                end_to_end(request.headers),
                body=request,
                seconds=None,  # the page sends events for as long as one looks at it
            ) as reply:
                headers = [*reply.headers, LABEL]
                passing = asyncio.ensure_future(relay(send, reply.status, headers, reply))
                leaving = asyncio.ensure_future(request.gone())
                try:
                    await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
                    if passing.done():
                        await passing
                finally:
                    passing.cancel()
                    leaving.cancel()
        except (UnreachableError, GoneError):
            text = f"The platform's page does not answer at {self._address}.\n".encode()
            await answer(send, 502, [LABEL, (b"content-type", b"text/plain")], text, is_head=request.method == "HEAD")
