"""The load balancer's listener: which rule a request falls under, and what the rule does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from retail.local.edge.messages import Headers, Request
from retail.local.edge.patterns import wildcard
from retail.local.edge.unsupported import UnsupportedError

Applies = Callable[[Request], bool]
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """An answer of the load balancer's own."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Forward:
    """On to a target of a group."""

    group_arn: str


@dataclass(frozen=True, slots=True)
class ListenerRule:
    """All of its conditions have to hold."""

    priority: str
    conditions: tuple[Applies, ...]
    action: FixedResponse | Forward

    def applies(self, request: Request) -> bool:
        """Whether a request falls under it."""
        return all(condition(request) for condition in self.conditions)


def listener_rules(said: Iterable[Mapping[str, Any]]) -> tuple[ListenerRule, ...]:
    """From DescribeRules, the default last. Raises UnsupportedError for what is not acted out."""
    rules = sorted(said, key=lambda rule: (rule["IsDefault"], 0 if rule["IsDefault"] else int(rule["Priority"])))
    return tuple(
        ListenerRule(
            rule["Priority"],
            tuple(_condition(rule["Priority"], each) for each in rule["Conditions"]),
            _action(rule["Priority"], rule["Actions"]),
        )
        for rule in rules
    )


def _action(rule: str, said: Sequence[Mapping[str, Any]]) -> FixedResponse | Forward:
    match said:
        case [{"Type": "fixed-response", "FixedResponseConfig": config}]:
            kind = config.get("ContentType", "text/plain")
            headers = [(b"content-type", f"{kind}; charset=utf-8".encode())]
            return FixedResponse(int(config["StatusCode"]), headers, config.get("MessageBody", "").encode())
        case [{"Type": "forward", "TargetGroupArn": arn}]:
            return Forward(arn)
        case [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": arn}]}}]:
            return Forward(arn)
    kinds = ", ".join(each["Type"] for each in said)
    raise UnsupportedError(f"listener rule {rule}: the action {kinds} is not acted out on this machine")


def _condition(rule: str, said: Mapping[str, Any]) -> Applies:
    match said["Field"]:
        case "http-header":
            config = said["HttpHeaderConfig"]
            name, is_meant = config["HttpHeaderName"].lower().encode(), _any_of(config["Values"], ignores_case=True)
            return lambda request: any(
                is_meant(found.decode("latin-1")) for each, found in request.headers if each == name
            )
        case "host-header":
            is_meant = _any_of(_values(said, "HostHeaderConfig"), ignores_case=True)
            return lambda request: is_meant(_host(request))
        case "path-pattern":
            is_meant = _any_of(_values(said, "PathPatternConfig"))
            return lambda request: is_meant(request.path)
        case "http-request-method":
            methods = frozenset(_values(said, "HttpRequestMethodConfig"))
            return lambda request: request.method in methods
        case "source-ip":
            networks = [ip_network(each) for each in _values(said, "SourceIpConfig")]
            return lambda request: any(ip_address(request.client) in network for network in networks)
    raise UnsupportedError(f"listener rule {rule}: the condition {said['Field']} is not acted out on this machine")


def _values(said: Mapping[str, Any], config: str) -> list[str]:
    """A condition's values; the older form has them beside the field."""
    values: list[str] = said.get(config, {}).get("Values") or said.get("Values", [])
    return values


def _any_of(patterns: Iterable[str], *, ignores_case: bool = False) -> Callable[[str], bool]:
    compiled = [wildcard(pattern, ignores_case=ignores_case) for pattern in patterns]
    return lambda text: any(pattern.fullmatch(text) for pattern in compiled)


def _host(request: Request) -> str:
    found = next((value for name, value in request.headers if name == b"host"), b"")
    return found.decode("latin-1").partition(":")[0]
