"""What the distribution sends to the origin, and what tells one kept answer from another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from retail.local.edge.behaviours import Behaviour
from retail.local.edge.messages import Headers, Request, appended, end_to_end, given, value, without

Key = tuple[object, ...]

OURS = (b"via", b"x-amz-cf-id", b"x-edge-location", b"x-forwarded-proto", b"x-real-ip")
"""What a viewer may not say: CloudFront sets it or removes it."""

OF_A_BODY = (b"content-encoding", b"content-length", b"content-type", b"transfer-encoding")
OF_A_QUERY_FOR_LESS = (
    b"if-match",
    b"if-modified-since",
    b"if-none-match",
    b"if-range",
    b"if-unmodified-since",
    b"range",
)
"""Conditions and ranges: where answers are kept they are answered here, from the whole object."""

AGENT = b"Amazon CloudFront"


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A request as it goes to the origin."""

    target: str
    headers: Headers
    key: Key
    encoding: str
    """The one coding that the answer may be compressed in here, or none."""


def forwarded(request: Request, behaviour: Behaviour, request_id: str) -> Forwarded:
    """The viewer's request by the behaviour's two policies, with the distribution's own headers."""
    key, more = behaviour.cache.key, behaviour.forwarded
    encodings = _encodings(request, behaviour)
    query = _chosen(request.query, "&", lambda name: name in key.query or name in more.query)
    headers = _headers(request, behaviour, encodings)
    headers = appended(headers, b"x-forwarded-for", request.client.encode())
    headers = appended(headers, b"via", f"1.1 {request_id[:8]}.local (CloudFront)".encode())
    headers = given(headers, b"x-amz-cf-id", request_id.encode())
    for name, found in behaviour.origin.headers:
        headers = given(headers, name, found)
    return Forwarded(
        target=f"{request.path}?{query}" if query else request.path,
        headers=headers,
        key=(
            behaviour.cache.id,
            request.path,
            _chosen(request.query, "&", lambda name: name in key.query),
            _chosen(_cookies(request), ";", lambda name: name in key.cookies),
            tuple(sorted(header for header in request.headers if header[0].decode("latin-1") in key.headers)),
            encodings,
        ),
        encoding="gzip" if "gzip" in encodings and behaviour.compresses else "",
    )


def _headers(request: Request, behaviour: Behaviour, encodings: tuple[str, ...]) -> Headers:
    key, more = behaviour.cache.key, behaviour.forwarded
    is_kept = behaviour.cache.most > 0
    chosen: Headers = [
        (name, found)
        for name, found in without(end_to_end(request.headers), b"cookie", *OURS)
        if (text := name.decode("latin-1")) in key.headers
        or text in more.headers
        or name in OF_A_BODY
        or name == b"x-forwarded-for"
    ]
    if is_kept:
        chosen = without(chosen, *OF_A_QUERY_FOR_LESS)
    if behaviour.cache.encodings:
        chosen = without(chosen, b"accept-encoding")
        if encodings:
            chosen.append((b"accept-encoding", ",".join(encodings).encode()))
    if "host" not in key.headers and "host" not in more.headers:
        chosen = given(chosen, b"host", behaviour.origin.host.encode())
    if "user-agent" not in key.headers and "user-agent" not in more.headers:
        chosen = given(chosen, b"user-agent", AGENT)
    if cookies := _chosen(_cookies(request), ";", lambda name: name in key.cookies or name in more.cookies):
        chosen.append((b"cookie", cookies.encode("latin-1")))
    return chosen


def _encodings(request: Request, behaviour: Behaviour) -> tuple[str, ...]:
    """Of the codings that the policy tells apart, those that the viewer takes."""
    if not behaviour.cache.encodings:
        return ()
    taken = set()
    for each in value(request.headers, b"accept-encoding").decode("latin-1").lower().split(","):
        name, _, quality = each.partition(";")
        if quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            taken.add(name.strip())
    return tuple(each for each in behaviour.cache.encodings if each in taken)


def _cookies(request: Request) -> str:
    """A browser sends one header; HTTP/2 may have split it."""
    return ";".join(found.decode("latin-1") for name, found in request.headers if name == b"cookie")


def _chosen(text: str, separator: str, is_chosen: Callable[[str], bool]) -> str:
    """Those of the parameters or cookies whose name is chosen, in their order."""
    if not text:
        return ""
    parts = [part.strip() for part in text.split(separator)]
    return separator.join(part for part in parts if is_chosen(part.partition("=")[0]))
