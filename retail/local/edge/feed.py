"""What has come through the edge, for who watches: the last requests, counters and targets, as JSON.

    GET /requests?after=<number>   {"requests": [...], "last": <number>}: those after this one that are still known
    GET /counters                  all since the start, see Counters
    GET /targets                   of the load balancer, and their health

On a port of its own, which the shop's does not lead to.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

REMEMBERED = 500
DISTRIBUTION, LOAD_BALANCER = "distribution", "load balancer"


@dataclass(slots=True)
class Seen:
    """A request, as far as it has come. Texts are empty where nothing is to be said."""

    number: int
    at: float
    """Seconds since 1970."""

    entrance: str
    """``distribution``, or ``load balancer`` for one that came to it directly."""

    client: str
    method: str
    path: str
    behaviour: str = ""
    """The path pattern; ``Default (*)`` for all other paths. Empty if the web ACL blocked the request."""

    blocked_by: str = ""
    """The web ACL's rule, with the managed group's after a slash."""

    counted_by: Sequence[str] = ()
    """The web ACL's rules that applied and only count."""

    cache: str = ""
    """``Hit`` or ``Miss``; empty where nothing is kept."""

    listener_rule: str = ""
    """Priority of the load balancer's rule, or ``default``; empty if it was not asked."""

    target: str = ""
    """Address and port of the target that was asked."""

    status: int = 0
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """A target and whether it gets requests; states are those of DescribeTargetHealth."""

    group: str
    target: str
    state: str
    reason: str


@dataclass(slots=True)
class Counters:
    """What has been since the start, also of requests that are not known any more."""

    readings: int = 0
    """Of what is deployed."""

    requests: int = 0
    """To the distribution."""

    refused: int = 0
    """Came to the load balancer directly, and were sent away."""

    blocked: Counter[str] = field(default_factory=Counter)
    """By the web ACL's rule, without the managed group's."""

    behaviours: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By the path pattern, and in it by what ``cache`` says of a request."""

    def add(self, seen: Seen) -> None:
        """Count a request that is answered."""
        if seen.entrance == LOAD_BALANCER:
            self.refused += not seen.target
            return
        self.requests += 1
        if seen.blocked_by:
            self.blocked[seen.blocked_by.partition("/")[0]] += 1
        if seen.behaviour:
            self.behaviours[seen.behaviour][seen.cache] += 1


@dataclass
class Feed:
    """The last requests, the newest last."""

    requests: deque[Seen] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    counters: Counters = field(default_factory=Counters)
    under_way: dict[bytes, Seen] = field(default_factory=dict)
    """The distribution's requests by the id that it sends along, so that the load balancer can add to them."""

    _last: int = 0

    def begin(self, entrance: str, client: str, method: str, path: str) -> Seen:
        """A request that has just arrived."""
        return Seen(0, time.time(), entrance, client, method, path)

    def finish(self, seen: Seen, status: int) -> None:
        """The request is answered; it gets its number, so that whoever asks for later ones misses none."""
        self._last += 1
        seen.number = self._last
        seen.status = status
        seen.milliseconds = round((time.time() - seen.at) * 1000, 2)
        self.requests.append(seen)
        self.counters.add(seen)


def application(feed: Feed, targets: Callable[[], Sequence[TargetHealth]]) -> Starlette:
    """The feed over HTTP, for callers on this machine."""

    async def requests(request: Request) -> JSONResponse:
        try:
            after = int(request.query_params.get("after", 0))
        except ValueError:
            return JSONResponse({"error": "after is no number"}, 400)
        found = [asdict(seen) for seen in feed.requests if seen.number > after]
        return JSONResponse({"requests": found, "last": found[-1]["number"] if found else after})

    async def counters(_: Request) -> JSONResponse:
        told = feed.counters
        return JSONResponse(
            {
                "readings": told.readings,
                "requests": told.requests,
                "refused": told.refused,
                "blocked": told.blocked,
                "behaviours": told.behaviours,
            }
        )

    async def health(_: Request) -> JSONResponse:
        return JSONResponse([asdict(each) for each in targets()])

    return Starlette(
        routes=[Route("/requests", requests), Route("/counters", counters), Route("/targets", health)],
        # A page from elsewhere could have its name resolved to this machine.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )
