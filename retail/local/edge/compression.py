"""Compression at the edge, by CloudFront's conditions for it."""

from __future__ import annotations

import gzip

from retail.local.edge.messages import Headers, given, value

SIZES = range(1_000, 10_000_001)
STATUSES = (200, 403, 404)

TYPES = frozenset(
    b"application/javascript application/json application/rss+xml application/vnd.ms-fontobject application/wasm"
    b" application/x-javascript application/xhtml+xml application/xml font/eot font/opentype font/otf font/ttf"
    b" image/svg+xml text/css text/csv text/html text/javascript text/plain text/xml".split()
)
"""Those of CloudFront's list that a shop may have."""


def compressed(status: int, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    """Headers and body in gzip, or as they are where CloudFront would not compress."""
    kind = value(headers, b"content-type").partition(b";")[0].strip().lower()
    if (
        status not in STATUSES
        or len(body) not in SIZES
        or kind not in TYPES
        or value(headers, b"content-encoding")
        or not value(headers, b"content-length")
    ):
        return headers, body
    packed = gzip.compress(body, mtime=0)
    headers = given(headers, b"content-encoding", b"gzip")
    headers = given(headers, b"content-length", str(len(packed)).encode())
    headers = given(headers, b"vary", value(headers, b"vary") or b"Accept-Encoding")
    if (tag := value(headers, b"etag")) and not tag.startswith(b"W/"):
        headers = given(headers, b"etag", b"W/" + tag)
    return headers, packed
