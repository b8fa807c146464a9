"""What the distribution says in its own name, and what it adds to what others say."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from retail.local.edge.behaviours import Behaviour
from retail.local.edge.cache import Kept
from retail.local.edge.messages import Headers, Request, given, value, without

HIT, MISS, ERROR = (f"{word} from cloudfront".encode() for word in ("Hit", "Miss", "Error"))

OF_THE_BODY = (b"content-encoding", b"content-length", b"content-range", b"content-type")

PAGE = (
    "<html><head><title>ERROR: The request could not be satisfied</title></head><body>\n"
    "<h1>{status} ERROR</h1>\n<h2>The request could not be satisfied.</h2>\n<p>{reason}</p>\n"
    "<pre>Acted out on this machine. Request ID: {request_id}</pre>\n</body></html>\n"
)


def signed(headers: Headers, request_id: str, cache: bytes) -> Headers:
    """Headers with those that tell of the distribution."""
    return [
        *without(headers, b"x-cache", b"x-amz-cf-id"),
        (b"x-cache", cache),
        (b"via", f"1.1 {request_id[:8]}.local (CloudFront)".encode()),
        (b"x-amz-cf-id", request_id.encode()),
    ]


def finished(headers: Headers, behaviour: Behaviour, request_id: str, status: int, *, is_hit: bool = False) -> Headers:
    """The headers of an answer for the viewer: by the response headers policy, and signed."""
    word = ERROR if status >= 400 else HIT if is_hit else MISS
    return signed(behaviour.headers.applied(headers), request_id, word)


def cookieless(headers: Headers, behaviour: Behaviour) -> Headers:
    """Without cookies, where none are forwarded: what answers all may not sign one in."""
    if behaviour.cache.key.cookies.behaviour == "none" and behaviour.forwarded.cookies.behaviour == "none":
        return without(headers, b"set-cookie")
    return headers


def aged(kept: Kept) -> Headers:
    """The headers of a kept answer with how old it is."""
    before = value(kept.headers, b"age")
    age = int(time.monotonic() - kept.stored) + (int(before) if before.isdigit() else 0)
    return given(kept.headers, b"age", str(age).encode())


def is_unchanged(request: Request, kept: Kept) -> bool:
    """Whether the viewer has this very object already, by its tag or else its date (RFC 9110, 13.2.2)."""
    if kept.status != 200:
        return False
    if tags := value(request.headers, b"if-none-match"):
        own = value(kept.headers, b"etag").removeprefix(b"W/")
        given_tags = [each.strip().removeprefix(b"W/") for each in tags.split(b",")]
        return b"*" in given_tags or (own != b"" and own in given_tags)
    since, modified = value(request.headers, b"if-modified-since"), value(kept.headers, b"last-modified")
    if not since or not modified:
        return False
    try:
        return parsedate_to_datetime(modified.decode("latin-1")) <= parsedate_to_datetime(since.decode("latin-1"))
    except (ValueError, TypeError):  # a date that is none, or one of two without a zone
        return False
