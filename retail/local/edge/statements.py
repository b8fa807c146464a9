"""Statements of WAF's rules that are not managed groups, as far as they are acted out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from retail.local.edge.inspection import Inspection
from retail.local.edge.rates import Rate
from retail.local.edge.unsupported import UnsupportedError, refuse

Applies = Callable[[Inspection], bool]
RateOf = Callable[[str, Mapping[str, Any]], Rate]
"""The count of a rule, by its name and its settings; the same one when the rule is read again and says the same."""

COMPARISONS: dict[str, Callable[[bytes, bytes], bool]] = {
    "EXACTLY": bytes.__eq__,
    "STARTS_WITH": bytes.startswith,
    "ENDS_WITH": bytes.endswith,
    "CONTAINS": lambda text, sought: sought in text,
}
TRANSFORMATIONS: dict[str, Callable[[str], str]] = {
    "NONE": lambda text: text,
    "LOWERCASE": str.lower,
    "URL_DECODE": unquote,
}
FIELDS: dict[str, Callable[[Inspection], str]] = {
    "Method": lambda inspected: inspected.request.method,
    "UriPath": lambda inspected: inspected.request.path,
    "QueryString": lambda inspected: inspected.request.query,
    "Body": lambda inspected: inspected.raw_body.decode("latin-1"),
}


def statement(rule: str, said: Mapping[str, Any], rate_of: RateOf) -> Applies:
    """Whether a request is one that a statement means. Raises UnsupportedError for what is not acted out."""

    def inner(nested: Mapping[str, Any]) -> Applies:
        return statement(rule, nested, rate_of)

    match said:
        case {"RateBasedStatement": rate}:
            return _rate_based(rule, rate, inner, rate_of)
        case {"ByteMatchStatement": match}:
            return _byte_match(rule, match)
        case {"NotStatement": {"Statement": nested}}:
            is_meant = inner(nested)
            return lambda inspected: not is_meant(inspected)
        case {"AndStatement": {"Statements": nested}}:
            all_of = [inner(each) for each in nested]
            return lambda inspected: all(each(inspected) for each in all_of)
        case {"OrStatement": {"Statements": nested}}:
            any_of = [inner(each) for each in nested]
            return lambda inspected: any(each(inspected) for each in any_of)
    raise UnsupportedError(f"rule {rule}: {next(iter(said), 'no statement')} is not acted out on this machine")


def _rate_based(
    rule: str, said: Mapping[str, Any], inner: Callable[[Mapping[str, Any]], Applies], rate_of: RateOf
) -> Applies:
    refuse(f"rule {rule}", said, "CustomKeys", "ForwardedIPConfig")
    if said["AggregateKeyType"] != "IP":
        raise UnsupportedError(f"rule {rule}: AggregateKeyType {said['AggregateKeyType']} is not acted out")
    limit, rate = said["Limit"], rate_of(rule, said)
    is_counted = inner(said["ScopeDownStatement"]) if said.get("ScopeDownStatement") else lambda _: True

    def is_over(inspected: Inspection) -> bool:
        return is_counted(inspected) and rate.counted(inspected.request.client, time.monotonic()) > limit

    return is_over


def _byte_match(rule: str, said: Mapping[str, Any]) -> Applies:
    found = _field(rule, said["FieldToMatch"])
    sought, constraint = said["SearchString"], said["PositionalConstraint"]
    if constraint not in COMPARISONS:
        raise UnsupportedError(f"rule {rule}: {constraint} is not acted out on this machine")
    compare = COMPARISONS[constraint]
    transformations = [
        each["Type"] for each in sorted(said.get("TextTransformations", []), key=lambda each: each["Priority"])
    ]
    if strange := [each for each in transformations if each not in TRANSFORMATIONS]:
        raise UnsupportedError(f"rule {rule}: {strange[0]} is not acted out on this machine")

    def is_meant(inspected: Inspection) -> bool:
        text = found(inspected)
        for each in transformations:
            text = TRANSFORMATIONS[each](text)
        return compare(text.encode("latin-1", "replace"), sought)

    return is_meant


def _field(rule: str, said: Mapping[str, Any]) -> Callable[[Inspection], str]:
    name = next(iter(said))
    if name == "SingleHeader":
        header = said[name]["Name"]
        return lambda inspected: inspected.header(header)
    if name not in FIELDS:
        raise UnsupportedError(f"rule {rule}: {name} is not acted out on this machine")
    return FIELDS[name]
