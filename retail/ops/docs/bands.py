"""The steps of a request until its answer, each a band of cards: draws from a height, gives where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retail.ops.docs.cards import Card, across
from retail.ops.docs.facts import Made, Templates, every, nodes, one, pointed, target
from retail.ops.docs.grants import grants, roles
from retail.ops.docs.svg import Picture

WIDE, LEFT = 960, 62
INNER = WIDE - LEFT - 38

BALANCING = "AWS::ElasticLoadBalancingV2"
SCALING = "AWS::ApplicationAutoScaling"


def row(drawn: Picture, y: int, cards: Sequence[Card], *, arrows: bool = False) -> int:
    """Cards over the width of a band."""
    return across(drawn, LEFT + 14, y, INNER, cards, arrows=arrows)


def remark(drawn: Picture, y: int, text: str) -> None:
    """A word on the right of a band's title."""
    drawn.text(WIDE - 24, y - 11, text, kind="soft", size=12, at="end")


def browser(drawn: Picture, y: int, templates: Templates) -> int:
    """DNS's answer."""
    shop = one(templates, "AWS::CloudFront::Distribution")
    records = [
        Card(made.title, (f"{made.properties['Type']} alias of {shop.title}",), "edge")
        for made in every(templates, "AWS::Route53::RecordSet")
        if shop.title in pointed(made.properties)
    ]
    version = str(shop.properties["DistributionConfig"]["HttpVersion"])
    return row(drawn, y, [Card("Browser", (version.replace("http2and3", "HTTP/2, HTTP/3"),)), *records])


def perimeter(drawn: Picture, y: int, templates: Templates) -> int:
    """The web ACL's rules by priority."""
    acl = one(templates, "AWS::WAFv2::WebACL")
    remark(drawn, y, f"{acl.title}, rules in their order")
    rules = sorted(acl.properties["Rules"], key=lambda rule: int(rule["Priority"]))
    return row(drawn, y, [_screen(rule) for rule in rules], arrows=True)


def _screen(rule: Any) -> Card:
    overrides = [each for listed in nodes(rule, "RuleActionOverrides") for each in listed]
    counted = [f"counts only: {each['Name']}" for each in overrides if "Count" in each["ActionToUse"]]
    rate = next(nodes(rule, "RateBasedStatement"), None)
    if rate:
        limit = f"{rate['Limit']} in {rate['EvaluationWindowSec']} s for each {rate['AggregateKeyType']}"
        return Card(rule["Name"], (limit,), "edge")
    name = str(next(nodes(rule, "ManagedRuleGroupStatement"))["Name"]).removeprefix("AWSManagedRules")
    return Card(rule["Name"], (name, *counted), "edge")


def edge(drawn: Picture, y: int, templates: Templates) -> int:
    """CloudFront's behaviours, and the way to the origin."""
    shop = one(templates, "AWS::CloudFront::Distribution")
    config = shop.properties["DistributionConfig"]
    behaviours = [*config["CacheBehaviors"], config["DefaultCacheBehavior"]]
    y = row(drawn, y, [_behaviour(each, templates) for each in behaviours]) + 12
    balancer = one(templates, f"{BALANCING}::LoadBalancer")
    accelerator = one(templates, "AWS::GlobalAccelerator::Accelerator")
    origins = [
        made for made in every(templates, "AWS::Route53::RecordSet") if balancer.title in pointed(made.properties)
    ]
    added = tuple(f"adds {header['HeaderName']}" for header in config["Origins"][0]["OriginCustomHeaders"])
    way = [
        Card(shop.title, added, "edge"),
        *(Card(made.title, (made.properties["Name"]["Fn::Sub"],), "edge") for made in origins),
        Card(accelerator.title, ("anycast addresses",), "edge", bool(accelerator.condition)),
    ]
    return row(drawn, y, way, arrows=True)


def _behaviour(behaviour: Any, templates: Templates) -> Card:
    name = target(behaviour["CachePolicyId"])
    policies = every(templates, "AWS::CloudFront::CachePolicy")
    seconds = next(
        (each.properties["CachePolicyConfig"]["DefaultTTL"] for each in policies if each.title == name), None
    )
    kept = "not kept, all is forwarded" if seconds is None else f"kept at the edge, {_days(seconds)}"
    return Card(behaviour.get("PathPattern", "all else"), (name, kept), "edge")


def _days(seconds: int) -> str:
    days = seconds // 86400
    return "1 day" if days == 1 else f"{days} days"


def balancer(drawn: Picture, y: int, templates: Templates) -> int:
    """The listener, what it wants to see, and where it sends."""
    kinds = ("LoadBalancer", "Listener", "ListenerRule", "TargetGroup")
    load, listener, rule, group = (one(templates, f"{BALANCING}::{kind}") for kind in kinds)
    port = f"{listener.properties['Protocol']} {listener.properties['Port']}"
    status = next(nodes(listener.properties["DefaultActions"], "StatusCode"))
    wanted = tuple(f"{name} is right" for name in nodes(rule.properties, "HttpHeaderName"))
    tasks = f"{group.properties['Protocol']} {group.properties['Port']}"
    cards = [
        Card(load.title, (str(load.properties["Scheme"]),), "edge"),
        Card(listener.title, (port, f"{status} unless a rule says otherwise"), "edge"),
        Card(rule.title, wanted, "edge"),
        Card(group.title, (tasks, f"asks {group.properties['HealthCheckPath']}"), "edge"),
    ]
    return row(drawn, y, cards, arrows=True)


def application(drawn: Picture, y: int, templates: Templates) -> int:
    """The service, its task, and what makes it grow."""
    service, task = one(templates, "AWS::ECS::Service"), one(templates, "AWS::ECS::TaskDefinition")
    bounds = one(templates, f"{SCALING}::ScalableTarget").properties
    size = f"{task.properties['Cpu']} CPU units, {task.properties['Memory']} MB"
    kind = str(task.properties["RuntimePlatform"]["CpuArchitecture"])
    secrets = tuple(f"secret {each['Name']}" for each in next(nodes(task.properties, "Secrets"), []))
    growth = [
        Card(made.title, (str(metric), f"target {value}"), "compute")
        for made in every(templates, f"{SCALING}::ScalingPolicy")
        for metric in nodes(made.properties, "PredefinedMetricType")
        for value in nodes(made.properties, "TargetValue")
    ]
    tasks = f"{bounds['MinCapacity']} to {bounds['MaxCapacity']} tasks, private subnets"
    first = [Card(service.title, (tasks,), "compute"), Card(task.title, (size, kind, *secrets), "compute")]
    return row(drawn, y, [*first, *growth])


def data(drawn: Picture, y: int, templates: Templates) -> int:
    """What the tasks read and write: the cache first, then the reader; writes to the writer."""
    cache = one(templates, "AWS::ElastiCache::ServerlessCache")
    most = cache.properties["CacheUsageLimits"]["DataStorage"]
    instances = sorted(every(templates, "AWS::RDS::DBInstance"), key=_tier, reverse=True)
    tables = [made for made in every(templates, "AWS::DynamoDB::Table") if made.number == cache.number]
    cards = [
        Card(cache.title, ("is read first", f"{most['Maximum']} {most['Unit']} at most"), "store"),
        *(_instance(made, templates) for made in instances),
        *(Card(made.title, ("DynamoDB", "carts"), "store") for made in tables),
        *_models(templates),
    ]
    return row(drawn, y, cards)


def _tier(instance: Made) -> int:
    return int(instance.properties["PromotionTier"])


def _instance(made: Made, templates: Templates) -> Card:
    span = one(templates, "AWS::RDS::DBCluster").properties["ServerlessV2ScalingConfiguration"]
    units = f"{span['MinCapacity']:g} to {span['MaxCapacity']:g} capacity units"
    return Card(made.title, ("reads, and takes over" if _tier(made) else "writes", units), "store")


def _models(templates: Templates) -> list[Card]:
    """Bedrock, where a role may call it: the page does without when it fails."""
    allowed = [grant for role in roles(templates) for grant in grants(templates, role)]
    called = any(action.startswith("bedrock:") for grant in allowed for action in grant.actions)
    return [Card("Bedrock", ("recommends", "the page does without"), "net")] if called else []
