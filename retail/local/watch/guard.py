"""Who may use the page: a browser on this machine that came by a loopback name, and buttons of the page itself."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
TOKEN_HEADER = "x-platform-token"
SAFE = ("GET", "HEAD")
MAX_BODY = 4096
"""Largest body of a button, in bytes."""

HEADERS = {
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            "connect-src 'self'",
            "img-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """Refuses what does not come from the page: another site's request, or a name that was made to lead here."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(message)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_on)

    def _refusal(self, scope: Scope) -> PlainTextResponse | JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host.rpartition(":")[0] not in LOOPBACK and host not in LOOPBACK:
            return PlainTextResponse("This page is for 127.0.0.1 and localhost only.\n", 421)
        if scope["method"] in SAFE:
            return None
        length = headers.get("content-length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            return _refused(413, f"A button sends {MAX_BODY} bytes at most.")
        # A page of another site can send neither the token, which it cannot read, nor a header of its own.
        if not secrets.compare_digest(headers.get(TOKEN_HEADER, "").encode(), self._token.encode()):
            return _refused(403, "This page is of an earlier start: load it again.")
        return None


def _refused(status: int, text: str) -> JSONResponse:
    return JSONResponse({"is_done": False, "text": text}, status)


def _add(message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers[name] = value
