"""A distribution as it is deployed: its origins, and which behaviour a path falls under."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from retail.local.edge.messages import Headers
from retail.local.edge.patterns import wildcard
from retail.local.edge.policies import NEVER_SENT, CachePolicy, HeadersPolicy, Sent
from retail.local.edge.unsupported import UnsupportedError, refuse

DEFAULT = "Default (*)"
"""How CloudFront's console calls the behaviour of all other paths."""

ERROR_SECONDS = 10.0
"""How long an error is kept where the distribution says nothing."""

NOT_ACTED_OUT = (
    "FieldLevelEncryptionId",
    "ForwardedValues",
    "RealtimeLogConfigArn",
    "SmoothStreaming",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the distribution asks: here it is always the load balancer."""

    host: str
    headers: Headers
    """Those that the distribution adds, whatever the viewer has sent."""

    read_seconds: float

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Origin:
        """From GetDistributionConfig's Origins. Raises UnsupportedError for an origin in S3."""
        what = f"origin {said['Id']}"
        refuse(what, said, "S3OriginConfig", "OriginPath")
        custom = said["CustomOriginConfig"]
        if custom["OriginProtocolPolicy"] != "https-only":
            raise UnsupportedError(f"{what}: {custom['OriginProtocolPolicy']} is not acted out on this machine")
        headers = said.get("CustomHeaders", {}).get("Items", [])
        return cls(
            said["DomainName"],
            [(each["HeaderName"].lower().encode(), each["HeaderValue"].encode()) for each in headers],
            float(custom.get("OriginReadTimeout", 30)),
        )


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is done with the requests for some paths."""

    pattern: str
    methods: frozenset[str]
    origin: Origin
    cache: CachePolicy
    forwarded: Sent
    """What the origin request policy sends besides the cache key."""

    headers: HeadersPolicy
    compresses: bool

    def applies(self, path: str) -> bool:
        """Whether a normalised path falls under it."""
        pattern = self.pattern if self.pattern.startswith("/") else f"/{self.pattern}"
        return self.pattern == DEFAULT or wildcard(pattern).fullmatch(path) is not None


@dataclass(frozen=True, slots=True)
class Distribution:
    """The behaviours in their order, the default last."""

    behaviours: tuple[Behaviour, ...]
    error_seconds: Mapping[int, float]
    """How long an answer of an error status is kept at least, where it is set."""

    def behaviour(self, path: str) -> Behaviour:
        """The first behaviour whose pattern matches (T90)."""
        plain = normalised(path)
        return next(each for each in self.behaviours if each.applies(plain))


@dataclass(frozen=True, slots=True)
class Policies:
    """How the policies that a behaviour names are found, by id."""

    cache: Callable[[str], Mapping[str, Any]]
    origin_request: Callable[[str], Mapping[str, Any]]
    headers: Callable[[str], Mapping[str, Any]]


def distribution(said: Mapping[str, Any], policies: Policies) -> Distribution:
    """From GetDistributionConfig. Raises UnsupportedError for what is not acted out."""
    refuse("distribution", said, "DefaultRootObject")
    origins = {each["Id"]: Origin.of(each) for each in said["Origins"]["Items"]}
    listed = [*said.get("CacheBehaviors", {}).get("Items", []), said["DefaultCacheBehavior"]]
    errors = said.get("CustomErrorResponses", {}).get("Items", [])
    for each in errors:
        refuse(f"custom error response {each['ErrorCode']}", each, "ResponsePagePath")
    return Distribution(
        tuple(_behaviour(each, origins, policies) for each in listed),
        {int(each["ErrorCode"]): float(each.get("ErrorCachingMinTTL", ERROR_SECONDS)) for each in errors},
    )


def _behaviour(said: Mapping[str, Any], origins: Mapping[str, Origin], policies: Policies) -> Behaviour:
    pattern = said.get("PathPattern", DEFAULT)
    refuse(f"behaviour {pattern}", said, *NOT_ACTED_OUT)
    for functions in ("FunctionAssociations", "LambdaFunctionAssociations"):
        refuse(f"behaviour {pattern}", {functions: said.get(functions, {}).get("Items")}, functions)
    methods = said.get("AllowedMethods", {})
    request_policy, headers_policy = said.get("OriginRequestPolicyId"), said.get("ResponseHeadersPolicyId")
    return Behaviour(
        pattern=pattern,
        methods=frozenset(methods.get("Items", ["GET", "HEAD"])),
        origin=origins[said["TargetOriginId"]],
        cache=CachePolicy.of(said["CachePolicyId"], policies.cache(said["CachePolicyId"])),
        forwarded=Sent.of(policies.origin_request(request_policy)) if request_policy else NEVER_SENT,
        headers=HeadersPolicy.of(policies.headers(headers_policy)) if headers_policy else HeadersPolicy(),
        compresses=bool(said.get("Compress")),
    )


def normalised(path: str) -> str:
    """A path as behaviours are matched against: without dots, doubled slashes and needless escapes (RFC 3986)."""
    plain = re.sub(r"%[0-9A-Fa-f]{2}", _unescaped, path)
    tidy = posixpath.normpath(plain) + ("/" if plain.endswith("/") and plain.strip("/") else "")
    return re.sub("^/+", "/", tidy)


def _unescaped(escape: re.Match[str]) -> str:
    character = unquote(escape[0])
    return character if re.fullmatch(r"[A-Za-z0-9._~-]", character) else escape[0].upper()
