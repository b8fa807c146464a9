"""The web ACL: who is turned away at the edge, and why."""

from __future__ import annotations

from typing import Any

from troposphere import Sub
from troposphere.logs import LogGroup
from troposphere.wafv2 import (
    AllowAction,
    BlockAction,
    CountAction,
    DefaultAction,
    LoggingConfiguration,
    LoggingConfigurationFieldToMatch,
    ManagedRuleGroupStatement,
    OverrideAction,
    RateBasedStatement,
    RuleAction,
    RuleActionOverride,
    SingleHeader,
    Statement,
    VisibilityConfig,
    WebACL,
    WebACLRule,
)

from retail import names
from retail.blocks import logs
from retail.config import Config

NAME = f"aws-waf-logs-{names.PREFIX}"
"""WAF writes only to a log group with this beginning (T79)."""


def web_acl(config: Config, tags: Any) -> WebACL:
    """The narrative's five rules, and a sixth for Tor, which the reputation list does not hold (T74).

    What is cheap to tell comes first, the large common set last (T78). Two rules only count: one blocks customers
    behind a cloud or VPN (T74), the other bodies over 8 KB, so large carts and uploads (T76).
    """
    rules = [
        _managed("IpReputation", "AWSManagedRulesAmazonIpReputationList"),
        _managed("AnonymousIp", "AWSManagedRulesAnonymousIpList", only_counted="HostingProviderIPList"),
        _rate_limit(config),
        _managed("KnownBadInputs", "AWSManagedRulesKnownBadInputsRuleSet"),
        _managed("SqlInjection", "AWSManagedRulesSQLiRuleSet"),
        _managed("Common", "AWSManagedRulesCommonRuleSet", only_counted="SizeRestrictions_BODY"),
    ]
    for priority, rule in enumerate(rules):
        rule.Priority = priority
    return WebACL(
        "WebAcl",
        Description="The security perimeter of the shop",
        Scope="CLOUDFRONT",
        DefaultAction=DefaultAction(Allow=AllowAction()),
        Rules=rules,
        VisibilityConfig=_visible(Sub(names.WEB_ACL_METRIC)),
        Tags=tags,
    )


def log(acl: WebACL, key_arn: Any, retention_days: int) -> list[Any]:
    """The log of what was counted and blocked, without the shoppers' cookies and tokens."""
    group: LogGroup = logs.log_group("WebAclLogs", key_arn=key_arn, retention_days=retention_days, name=Sub(NAME))
    return [
        group,
        LoggingConfiguration(
            "WebAclLogging",
            ResourceArn=acl.get_att("Arn"),
            # The group's own Arn attribute ends in ":*", which WAF refuses (T79).
            LogDestinationConfigs=[names.arn(f"logs:{names.ACCOUNT}:log-group:{NAME}")],
            RedactedFields=[
                LoggingConfigurationFieldToMatch(SingleHeader=SingleHeader(Name=header))
                for header in ("authorization", "cookie")
            ],
            DependsOn=group.title,
        ),
    ]


def _managed(name: str, group: str, only_counted: str | None = None) -> WebACLRule:
    """One of AWS's rule groups, with its own actions; ``only_counted`` names the rule that may not block."""
    overrides = {}
    if only_counted:
        overrides["RuleActionOverrides"] = [
            RuleActionOverride(Name=only_counted, ActionToUse=RuleAction(Count=CountAction()))
        ]
    return WebACLRule(
        Name=name,
        OverrideAction=OverrideAction(**{"None": {}}),
        Statement=Statement(
            ManagedRuleGroupStatement=ManagedRuleGroupStatement(VendorName="AWS", Name=group, **overrides)
        ),
        VisibilityConfig=_visible(name),
    )


def _rate_limit(config: Config) -> WebACLRule:
    """Block an address for as long as it sends more than its share."""
    return WebACLRule(
        Name="RateLimit",
        Action=RuleAction(Block=BlockAction()),
        Statement=Statement(
            RateBasedStatement=RateBasedStatement(
                Limit=config.rate_limit, EvaluationWindowSec=config.rate_window_seconds, AggregateKeyType="IP"
            )
        ),
        VisibilityConfig=_visible("RateLimit"),
    )


def _visible(metric: Any) -> VisibilityConfig:
    return VisibilityConfig(CloudWatchMetricsEnabled=True, SampledRequestsEnabled=True, MetricName=metric)
