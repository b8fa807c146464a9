"""The distribution: the web ACL, then the behaviour of the path, then the cache or the origin."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from secrets import token_urlsafe

from starlette.types import Receive, Scope, Send

from retail.local.edge import replies
from retail.local.edge.behaviours import Behaviour, Distribution
from retail.local.edge.cache import LARGEST_OBJECT, Cache, Kept, seconds_to_keep
from retail.local.edge.compression import compressed
from retail.local.edge.feed import DISTRIBUTION, Feed, Seen
from retail.local.edge.firewall import WebAcl
from retail.local.edge.forwarding import Forwarded, forwarded
from retail.local.edge.inspection import Inspection
from retail.local.edge.messages import GoneError, Headers, Request, answer, begin, end, without
from retail.local.edge.upstream import Reply, TooSlowError, UnreachableError, Upstream, relay

LONGEST_TARGET = 8_192
MAY_BE_KEPT = ("GET", "HEAD")

BLOCKED_BY = b"x-local-blocked-by"
"""Which rule of the web ACL it was; AWS tells only its log."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What is deployed at the edge."""

    distribution: Distribution
    web_acl: WebAcl | None


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request on its way through."""

    request: Request
    send: Send
    behaviour: Behaviour
    sent: Forwarded
    id: str
    seen: Seen


class CloudFront:
    """The distribution as an ASGI application; ``origin`` is the load balancer's address."""

    def __init__(self, current: Callable[[], Edge], origin: str, upstream: Upstream, feed: Feed) -> None:
        self._current, self._origin, self._upstream, self._feed = current, origin, upstream, feed
        self._cache = Cache()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        request, request_id = Request.of(scope, receive), token_urlsafe(39)
        seen = self._feed.begin(DISTRIBUTION, request.client, request.method, request.path)
        self._feed.under_way[request_id.encode()] = seen
        status = 0  # what CloudFront's own log says of a viewer that has closed
        try:
            status = await self._answered(request, send, request_id, seen)
        except GoneError:
            pass
        finally:
            del self._feed.under_way[request_id.encode()]
            self._feed.finish(seen, status)

    async def _answered(self, request: Request, send: Send, request_id: str, seen: Seen) -> int:
        edge = self._current()
        if len(request.target) > LONGEST_TARGET:
            return await _error(request, send, request_id, 414, "The URL is too long.")
        if edge.web_acl:
            verdict = edge.web_acl.judge(await Inspection.of(request))
            seen.counted_by = verdict.counted
            if verdict.is_blocked:
                seen.blocked_by = verdict.rule.name if verdict.rule else "default action"
                told = seen.blocked_by + ("; a sample pattern" if verdict.rule and verdict.rule.is_sample else "")
                return await _error(request, send, request_id, 403, "Request blocked.", [(BLOCKED_BY, told.encode())])
        behaviour = edge.distribution.behaviour(request.path)
        seen.behaviour = behaviour.pattern
        if request.method not in behaviour.methods:
            reason = "This distribution is not configured to allow the HTTP request method that was used."
            return await _error(request, send, request_id, 403, reason)
        if request.method in MAY_BE_KEPT and request.has_body:
            return await _error(request, send, request_id, 403, "Bad request: a GET request has no body.")
        sent = forwarded(request, behaviour, request_id)
        visit = _Visit(request, send, behaviour, sent, request_id, seen)
        try:
            if behaviour.cache.most > 0 and request.method in MAY_BE_KEPT:
                return await self._from_cache(visit, edge.distribution)
            async with self._asked(visit) as reply:
                return await _passed_on(visit, reply)
        except TooSlowError:
            return await _error(request, send, request_id, 504, "The origin does not answer in time.")
        except UnreachableError:
            return await _error(request, send, request_id, 502, "We can't connect to the server for this app.")

    def _asked(self, visit: _Visit) -> AbstractAsyncContextManager[Reply]:
        return self._upstream.ask(
            visit.request.method,
            self._origin,
            visit.sent.target,
            visit.sent.headers,
            body=visit.request,
            seconds=visit.behaviour.origin.read_seconds,
        )

    async def _from_cache(self, visit: _Visit, distribution: Distribution) -> int:
        key = visit.sent.key
        kept = self._cache.find(key)
        if kept is None and key in self._cache.asked:
            kept = await self._cache.asked[key]
        elif kept is None and visit.request.method == "GET":
            return await self._fetched(visit, distribution)
        if kept is not None:
            return await _from_kept(visit, kept, is_hit=True)
        visit.seen.cache = "Miss"
        async with self._asked(visit) as reply:
            return await _passed_on(visit, reply)

    async def _fetched(self, visit: _Visit, distribution: Distribution) -> int:
        """Ask the origin, and let those who want the same meanwhile wait for what comes of it."""
        visit.seen.cache = "Miss"
        waiting = self._cache.asked[visit.sent.key] = asyncio.get_running_loop().create_future()
        kept = None
        try:
            async with self._asked(visit) as reply:
                headers = replies.cookieless(reply.headers, visit.behaviour)
                seconds = seconds_to_keep(reply.status, headers, visit.behaviour.cache, distribution.error_seconds)
                first, is_whole = await reply.up_to(LARGEST_OBJECT) if seconds else (b"", False)
                if not is_whole:
                    self._release(visit, None, waiting)
                    return await _passed_on(visit, reply, first)
            if visit.sent.encoding:
                headers, first = compressed(reply.status, headers, first)
            now = time.monotonic()
            kept = Kept(reply.status, headers, first, now, now + seconds)
            self._cache.keep(visit.sent.key, kept)
        finally:
            self._release(visit, kept, waiting)
        return await _from_kept(visit, kept, is_hit=False)

    def _release(self, visit: _Visit, kept: Kept | None, waiting: asyncio.Future[Kept | None]) -> None:
        if not waiting.done():
            del self._cache.asked[visit.sent.key]
            waiting.set_result(kept)


async def _passed_on(visit: _Visit, reply: Reply, first: bytes = b"") -> int:
    headers = replies.cookieless(reply.headers, visit.behaviour)
    headers = replies.finished(headers, visit.behaviour, visit.id, reply.status)
    await relay(visit.send, reply.status, headers, reply, first)
    return reply.status


async def _from_kept(visit: _Visit, kept: Kept, *, is_hit: bool) -> int:
    visit.seen.cache = "Hit" if is_hit else "Miss"
    headers = replies.aged(kept) if is_hit else kept.headers
    headers = replies.finished(headers, visit.behaviour, visit.id, kept.status, is_hit=is_hit)
    if replies.is_unchanged(visit.request, kept):
        await begin(visit.send, 304, without(headers, *replies.OF_THE_BODY))
        await end(visit.send)
        return 304
    await begin(visit.send, kept.status, headers)
    await end(visit.send, b"" if visit.request.method == "HEAD" else kept.body)
    return kept.status


async def _error(
    request: Request, send: Send, request_id: str, status: int, reason: str, more: Headers | None = None
) -> int:
    page = replies.PAGE.format(status=status, reason=reason, request_id=request_id)
    headers: Headers = [(b"server", b"CloudFront"), (b"content-type", b"text/html"), *(more or [])]
    headers = replies.signed(headers, request_id, replies.ERROR)
    await answer(send, status, headers, page.encode(), is_head=request.method == "HEAD")
    return status
