"""The edge cache: how long an answer is kept, and one request to the origin for many that ask the same at once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from retail.local.edge.behaviours import ERROR_SECONDS
from retail.local.edge.forwarding import Key
from retail.local.edge.messages import Headers, value
from retail.local.edge.policies import CachePolicy

MOST_BYTES = 256 * 1024 * 1024
LARGEST_OBJECT = 10 * 1024 * 1024

KEPT_ERRORS = frozenset((404, 414, 500, 501, 502, 503, 504))
"""Errors that CloudFront keeps whatever the origin says; the next only if the origin gives them an age."""

KEPT_ERRORS_WITH_AGE = frozenset((400, 403, 405, 412, 415))
NEVER_KEPT = frozenset((206, 304, 416))


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer in the cache. Times are those of the monotonic clock."""

    status: int
    headers: Headers
    body: bytes
    stored: float
    expires: float


class Cache:
    """Answers by key; those that were not asked for the longest go first."""

    def __init__(self) -> None:
        self.asked: dict[Key, asyncio.Future[Kept | None]] = {}
        """What is just being fetched, for others that want the same; None if it may not be kept."""

        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0

    def find(self, key: Key) -> Kept | None:
        """The answer that is kept, unless it has expired."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.expires <= time.monotonic():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept

    def keep(self, key: Key, kept: Kept) -> None:
        """Keep an answer, and no more than there is room for."""
        if key in self._kept:
            self._drop(key)
        self._kept[key] = kept
        self._bytes += len(kept.body)
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._kept)))

    def __len__(self) -> int:
        return len(self._kept)

    def _drop(self, key: Key) -> None:
        self._bytes -= len(self._kept.pop(key).body)


def seconds_to_keep(status: int, headers: Headers, policy: CachePolicy, error_seconds: Mapping[int, float]) -> float:
    """How long an answer to a GET request may be kept; 0 for not at all."""
    if policy.most <= 0 or status in NEVER_KEPT:
        return 0
    said = _said(headers)
    if status >= 400:
        if status in KEPT_ERRORS or (status in KEPT_ERRORS_WITH_AGE and said is not None):
            return max(error_seconds.get(status, ERROR_SECONDS), min(said or 0, policy.most))
        return 0
    if said is None:
        return max(policy.least, policy.default)
    return min(max(said, policy.least), policy.most)


def _said(headers: Headers) -> float | None:
    """For how long the origin lets its answer be kept, in seconds; None if it says nothing of it."""
    directives = {}
    for directive in value(headers, b"cache-control").decode("latin-1").lower().split(","):
        name, _, given = directive.strip().partition("=")
        directives[name] = given.strip('"')
    if directives.keys() & {"no-store", "no-cache", "private"}:
        return 0
    for name in ("s-maxage", "max-age"):
        if directives.get(name, "").isdigit():
            return float(directives[name])
    if expires := value(headers, b"expires"):
        try:
            return max(0.0, parsedate_to_datetime(expires.decode("latin-1")).timestamp() - time.time())
        except ValueError:
            return 0
    return None
