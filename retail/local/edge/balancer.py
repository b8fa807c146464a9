"""The load balancer: 403 for whoever does not bring the header that the distribution adds, a target for the others."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from time import time

from starlette.types import Receive, Scope, Send

from retail.local.edge.feed import LOAD_BALANCER, Feed, Seen
from retail.local.edge.messages import (
    GoneError,
    Headers,
    Request,
    answer,
    appended,
    end_to_end,
    given,
    value,
)
from retail.local.edge.rules import FixedResponse, ListenerRule
from retail.local.edge.targets import TargetGroup, Targets
from retail.local.edge.upstream import TooSlowError, UnreachableError, Upstream, relay

SERVER = (b"server", b"awselb/2.0")
VALID_NAME = re.compile(rb"[-A-Za-z0-9]+")

REASONS = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}


@dataclass(frozen=True, slots=True)
class Balancer:
    """The load balancer as it is deployed."""

    listener_port: int
    rules: tuple[ListenerRule, ...]
    groups: tuple[TargetGroup, ...]
    idle_seconds: float
    drops_invalid_headers: bool


class LoadBalancer:
    """Its listener, as an ASGI application."""

    def __init__(self, current: Callable[[], Balancer], targets: Targets, upstream: Upstream, feed: Feed) -> None:
        self._current, self._targets, self._upstream, self._feed = current, targets, upstream, feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        request, balancer = Request.of(scope, receive), self._current()
        seen = self._feed.under_way.get(value(request.headers, b"x-amz-cf-id"))
        is_direct = seen is None
        if seen is None:
            seen = self._feed.begin(LOAD_BALANCER, request.client, request.method, request.path)
        if balancer.drops_invalid_headers:
            request.headers = [header for header in request.headers if VALID_NAME.fullmatch(header[0])]
        rule = next(rule for rule in balancer.rules if rule.applies(request))
        seen.listener_rule = rule.priority
        if isinstance(rule.action, FixedResponse):
            fixed = rule.action
            status = fixed.status
            await answer(send, status, [SERVER, *fixed.headers], fixed.body, is_head=request.method == "HEAD")
        else:
            status = await self._forward(request, send, balancer, rule.action.group_arn, seen)
        if is_direct:
            self._feed.finish(seen, status)

    async def _forward(self, request: Request, send: Send, balancer: Balancer, group: str, seen: Seen) -> int:
        target = self._targets.next(group)
        if target is None:
            return await _error(send, 503, request)
        seen.target = target
        try:
            async with self._upstream.ask(
                request.method,
                target,
                request.target,
                _headers(request, balancer),
                body=request,
                seconds=balancer.idle_seconds,
            ) as reply:
                await relay(send, reply.status, reply.headers, reply)
                return reply.status
        except GoneError:
            return 460  # what the load balancer's own log says of a client that has closed
        except (UnreachableError, TooSlowError) as error:
            return await _error(send, 504 if isinstance(error, TooSlowError) else 502, request)


def _headers(request: Request, balancer: Balancer) -> Headers:
    headers = appended(end_to_end(request.headers), b"x-forwarded-for", request.client.encode())
    headers = given(headers, b"x-forwarded-proto", b"http")
    headers = given(headers, b"x-forwarded-port", str(balancer.listener_port).encode())
    if not value(headers, b"x-amzn-trace-id"):
        headers.append((b"x-amzn-trace-id", f"Root=1-{int(time()):08x}-{token_hex(12)}".encode()))
    return headers


async def _error(send: Send, status: int, request: Request) -> int:
    title = f"{status} {REASONS[status]}"
    page = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>\r\n"
    headers = [SERVER, (b"content-type", b"text/html")]
    await answer(send, status, headers, page.encode(), is_head=request.method == "HEAD")
    return status
