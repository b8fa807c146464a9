"""The web ACL: its rules in the order of their priority, until one allows or blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retail.local.edge.inspection import Inspection
from retail.local.edge.rates import Rate
from retail.local.edge.samples import GROUPS, Applies
from retail.local.edge.statements import RateOf, statement
from retail.local.edge.unsupported import UnsupportedError, refuse

ALLOW, BLOCK, COUNT = "Allow", "Block", "Count"
ACTED_OUT = (ALLOW, BLOCK, COUNT)

WINDOW_SECONDS = 300
"""A rate-based rule's window where it says none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the ACL, or one of a managed group within it."""

    name: str
    """For a managed group's ``<rule of the ACL>/<rule of the group>``."""

    applies: Applies
    action: str
    is_sample: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request."""

    is_blocked: bool
    rule: Rule | None
    """The one that decided; None for the default action."""

    counted: tuple[str, ...]
    """The rules that applied and only count."""


@dataclass(frozen=True, slots=True)
class WebAcl:
    """The rules of a web ACL as it is deployed."""

    rules: tuple[Rule, ...]
    blocks_by_default: bool

    def judge(self, inspected: Inspection) -> Verdict:
        """Ask one rule after the other."""
        counted: list[str] = []
        for rule in self.rules:
            if rule.applies(inspected):
                if rule.action != COUNT:
                    return Verdict(rule.action == BLOCK, rule, tuple(counted))
                counted.append(rule.name)
        return Verdict(self.blocks_by_default, None, tuple(counted))


class Rates:
    """The counts of the rate-based rules; as in AWS a rule begins anew when its settings change."""

    def __init__(self) -> None:
        self._rates: dict[str, tuple[Mapping[str, Any], Rate]] = {}

    def __call__(self, rule: str, settings: Mapping[str, Any]) -> Rate:
        if rule not in self._rates or self._rates[rule][0] != settings:
            self._rates[rule] = settings, Rate(settings.get("EvaluationWindowSec", WINDOW_SECONDS))
        return self._rates[rule][1]


def web_acl(said: Mapping[str, Any], rate_of: RateOf) -> WebAcl:
    """From GetWebACL. Raises UnsupportedError for what is not acted out."""
    rules: list[Rule] = []
    for each in sorted(said["Rules"], key=lambda rule: rule["Priority"]):
        if group := each["Statement"].get("ManagedRuleGroupStatement"):
            rules += _managed(each, group)
        else:
            applies = statement(each["Name"], each["Statement"], rate_of)
            rules.append(Rule(each["Name"], applies, _action(each["Name"], each["Action"]), is_sample=False))
    return WebAcl(tuple(rules), _action("the default", said["DefaultAction"]) == BLOCK)


def _managed(rule: Mapping[str, Any], group: Mapping[str, Any]) -> list[Rule]:
    name = rule["Name"]
    refuse(f"rule {name}", group, "ScopeDownStatement", "ManagedRuleGroupConfigs")
    if group["Name"] not in GROUPS:
        raise UnsupportedError(f"rule {name}: there are no samples of {group['Name']}")
    actions = {each["Name"]: COUNT for each in group.get("ExcludedRules", [])} | {
        each["Name"]: _action(f"{name}/{each['Name']}", each["ActionToUse"])
        for each in group.get("RuleActionOverrides", [])
    }
    only_counts = COUNT in rule.get("OverrideAction", {})
    return [
        Rule(
            f"{name}/{sample.rule}",
            sample.applies,
            COUNT if only_counts else actions.get(sample.rule, BLOCK),
            is_sample=True,
        )
        for sample in GROUPS[group["Name"]]
    ]


def _action(rule: str, said: Mapping[str, Any]) -> str:
    action = next(iter(said))
    if action not in ACTED_OUT:
        raise UnsupportedError(f"rule {rule}: the action {action} is not acted out on this machine")
    refuse(f"rule {rule}", said[action], "CustomResponse", "CustomRequestHandling")
    return action
