"""CloudFront's policies as they are deployed: what is kept and for how long, what goes to the origin, what is added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from retail.local.edge.messages import Headers
from retail.local.edge.unsupported import UnsupportedError, refuse

BEHAVIOURS = ("all", "allExcept", "allViewer", "none", "whitelist")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which headers, cookies or query parameters are meant."""

    behaviour: str
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, policy: Mapping[str, Any], part: str) -> Selection:
        """From a policy's part, e.g. ``Cookies``; names of headers become lower case, as they are compared so.

        Raises UnsupportedError.
        """
        said = policy[f"{part}Config"]
        behaviour = said[f"{part.removesuffix('s')}Behavior"]
        if behaviour not in BEHAVIOURS:
            raise UnsupportedError(f"{behaviour} in a policy of CloudFront is not acted out on this machine")
        names = said.get(part, {}).get("Items", [])
        lowered = (each.lower() if part == "Headers" else each for each in names)
        return cls(behaviour, frozenset(lowered))

    def __contains__(self, name: object) -> bool:
        match self.behaviour:
            case "all" | "allViewer":
                return True
            case "whitelist":
                return name in self.names
            case "allExcept":
                return name not in self.names
        return False


NOTHING = Selection("none")


@dataclass(frozen=True, slots=True)
class Sent:
    """What of a viewer's request a policy takes along."""

    headers: Selection
    cookies: Selection
    query: Selection

    @classmethod
    def of(cls, policy: Mapping[str, Any]) -> Sent:
        """From what a cache policy and an origin request policy have in common."""
        return cls(
            Selection.of(policy, "Headers"), Selection.of(policy, "Cookies"), Selection.of(policy, "QueryStrings")
        )


NEVER_SENT = Sent(NOTHING, NOTHING, NOTHING)


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How long answers are kept, in seconds, and what tells them apart."""

    id: str
    least: float
    default: float
    most: float
    key: Sent
    encodings: tuple[str, ...]
    """The content codings that are told apart, the preferred first."""

    @classmethod
    def of(cls, policy_id: str, said: Mapping[str, Any]) -> CachePolicy:
        """From GetCachePolicy's CachePolicyConfig."""
        key = said["ParametersInCacheKeyAndForwardedToOrigin"]
        encodings = (
            *(("br",) if key.get("EnableAcceptEncodingBrotli") else ()),
            *(("gzip",) if key.get("EnableAcceptEncodingGzip") else ()),
        )
        return cls(
            policy_id,
            least=float(said["MinTTL"]),
            default=float(said["DefaultTTL"]),
            most=float(said["MaxTTL"]),
            key=Sent.of(key),
            encodings=encodings,
        )


@dataclass(frozen=True, slots=True)
class HeadersPolicy:
    """The headers that every answer gets; each with whether it replaces the origin's own."""

    added: tuple[tuple[bytes, bytes, bool], ...] = ()
    removed: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> HeadersPolicy:
        """From GetResponseHeadersPolicy's ResponseHeadersPolicyConfig."""
        refuse(f"response headers policy {said['Name']}", said, "CorsConfig", "ServerTimingHeadersConfig")
        security = _security(said.get("SecurityHeadersConfig", {}))
        custom = [
            (each["Header"], each["Value"], each["Override"])
            for each in said.get("CustomHeadersConfig", {}).get("Items", [])
        ]
        added = tuple(
            (name.lower().encode(), found.encode(), is_forced) for name, found, is_forced in (*security, *custom)
        )
        removed = said.get("RemoveHeadersConfig", {}).get("Items", [])
        return cls(added, frozenset(each["Header"].lower().encode() for each in removed))

    def applied(self, headers: Headers) -> Headers:
        """The headers of an answer with the policy's."""
        there = {name for name, _ in headers} - self.removed
        added = [(name, found) for name, found, is_forced in self.added if is_forced or name not in there]
        gone = self.removed | {name for name, _ in added}
        return [header for header in headers if header[0] not in gone] + added


def _security(said: Mapping[str, Any]) -> Iterable[tuple[str, str, bool]]:
    for kind, settings in said.items():
        match kind:
            case "ContentTypeOptions":
                yield "X-Content-Type-Options", "nosniff", settings["Override"]
            case "FrameOptions":
                yield "X-Frame-Options", settings["FrameOption"], settings["Override"]
            case "ReferrerPolicy":
                yield "Referrer-Policy", settings["ReferrerPolicy"], settings["Override"]
            case "ContentSecurityPolicy":
                yield "Content-Security-Policy", settings["ContentSecurityPolicy"], settings["Override"]
            case "StrictTransportSecurity":
                words = [
                    f"max-age={settings['AccessControlMaxAgeSec']}",
                    *(["includeSubDomains"] if settings.get("IncludeSubdomains") else []),
                    *(["preload"] if settings.get("Preload") else []),
                ]
                yield "Strict-Transport-Security", "; ".join(words), settings["Override"]
            case _:
                raise UnsupportedError(f"{kind} in a response headers policy is not acted out on this machine")
