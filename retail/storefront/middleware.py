"""What holds for every request: how large it may be, whom it comes from, and which headers its answer carries."""

from __future__ import annotations

import logging
import time
from typing import Any

from fastapi import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retail.storefront.problems import FieldError, answer
from retail.storefront.sessions import Sessions

log = logging.getLogger(__name__)

MAX_BODY = 64 * 1024
"""Largest body, in bytes."""

SLOW_SECONDS = 1.0

ANONYMOUS = ("/api/products", "/api/categories", "/api/openapi.json", "/static/", "/images/")
"""Paths that are the same for everybody, so that they neither read nor set a cookie."""

WITHOUT_SHOP = ("/static/", "/images/", "/api/openapi.json")
"""Paths that are served before the shop is open."""

HEALTH = ("/healthz", "/readyz")
SAFE = ("GET", "HEAD", "OPTIONS")

# 'self' suffices for the shop's own pages: they have no inline script or style, and nothing from elsewhere.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "connect-src 'self'",
        "font-src 'self'",
        "img-src 'self'",
        "manifest-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
]
HTTPS_ONLY = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
NOT_KEPT = (b"cache-control", b"no-store")
"""Unless the answer says otherwise: most are one shopper's."""


class Gate:
    """Everything enters and leaves here."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        path, request = scope["path"], Request(scope)
        cookies, before = request.headers.get("cookie", ""), None
        if not path.startswith(ANONYMOUS) and path not in HEALTH:
            before = self._sessions.read(cookies)
            request.state.session = before or self._sessions.new()

        is_begun = False

        async def send_on(message: Message) -> None:
            nonlocal is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                _finish(scope, message)
                session = getattr(request.state, "session", None)
                if session and (session != before or not self._sessions.is_fresh(cookies)):
                    for cookie in self._sessions.cookies(session, is_secure=scope["scheme"] == "https"):
                        message["headers"].append((b"set-cookie", cookie.encode()))
                _log(scope, message["status"], time.perf_counter() - started)
            await send(message)

        refused = _refusal(scope, request)
        if refused:
            status, text = refused
            errors = [FieldError(field="body", message=text)] if status == 413 else []
            await answer(request, status, text, errors)(scope, receive, send_on)
            return
        try:
            await self._app(scope, _bounded(receive), send_on)
        except Exception:
            # Whatever nobody thought of; the answer says nothing of it, and has the headers of every other.
            log.exception("a request fails", extra={"method": scope["method"], "path": path})
            if is_begun:
                raise
            await answer(request, 500, "Something went wrong here.")(scope, receive, send_on)


def _refusal(scope: Scope, request: Request) -> tuple[int, str] | None:
    """Why a request is not let in: the status and the words."""
    path, headers = scope["path"], request.headers
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
        return 413, f"The body has more than {MAX_BODY} bytes."
    # Browsers say where a request comes from. Cookies are not sent along from elsewhere; this holds without them too.
    if scope["method"] not in SAFE and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return 403, "This request comes from another site."
    if scope["app"].state.shop is None and path not in HEALTH and not path.startswith(WITHOUT_SHOP):
        return 503, "The shop is about to open."
    return None


def _bounded(receive: Receive) -> Receive:
    """For a body that does not say how long it is."""
    size = 0

    async def receive_on() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY:
            raise HTTPException(413, f"The body has more than {MAX_BODY} bytes.")
        return message

    return receive_on


def _finish(scope: Scope, message: Message) -> None:
    headers: list[Any] = list(message.get("headers", []))
    if not any(name.lower() == b"cache-control" for name, _ in headers):
        headers.append(NOT_KEPT)
    headers += HEADERS
    if scope["scheme"] == "https":
        headers.append(HTTPS_ONLY)
    message["headers"] = headers


def _log(scope: Scope, status: int, seconds: float) -> None:
    """What was only read, well and quickly, the load balancer's own log has too."""
    if scope["method"] not in SAFE or status >= 400 or seconds >= SLOW_SECONDS:
        if scope["path"] in HEALTH:
            return
        milliseconds = round(seconds * 1000, 1)
        told = {"method": scope["method"], "path": scope["path"], "status": status, "milliseconds": milliseconds}
        log.info("request", extra=told)
