"""Keys, secrets, logs, alarms, mail."""

from __future__ import annotations

from collections.abc import Iterator

from retail.ops.cost.evaluate import Resource, Stack
from retail.ops.cost.item import DAYS, Item, Rule, Unpriced, floor, scales, share
from retail.ops.cost.usage import Usage, named

COMPRESSED = 0.15
"""How much of a log's size is billed for keeping it."""


def key(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A key and its use; each of the first two yearly rotations will add another dollar a month."""
    yield floor("key_month", 1)
    yield scales("key_request", share(use.key_requests, resource, stack))


def secret(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A secret and who reads it."""
    yield floor("secret_month", 1)
    yield scales("secret_call", share(use.secret_calls, resource, stack))


def trail(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """The first trail of management events is free; what it writes is the bucket's."""
    for more in ("EventSelectors", "AdvancedEventSelectors", "InsightSelectors"):
        if more in resource.properties:
            raise Unpriced(stack, resource, f"{more}, whose events are billed")
    yield from ()


def log_group(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """What is written to a log in a month, and what of it is kept."""
    written = named(use.logs_gb, resource.title)
    yield scales("logs_gb", written)
    yield scales("logs_stored_gb", written * COMPRESSED * resource.properties["RetentionInDays"] / DAYS)


def alarm(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """An alarm, by the metrics that it looks at."""
    period = resource.properties.get("Period", 60)
    if period < 60:
        raise Unpriced(stack, resource, f"an alarm every {period} seconds is of high resolution")
    metrics = [each for each in resource.properties.get("Metrics", []) if "MetricStat" in each]
    yield floor("alarm_month", len(metrics) or 1)


def topic(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """What is published to a topic."""
    yield scales("sns_publish", named(use.topics, resource.title))


def subscription(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """What a topic mails: each of its publications."""
    if resource.properties["Protocol"] != "email":
        raise Unpriced(stack, resource, f"delivery by {resource.properties['Protocol']}")
    yield scales("sns_email", named(use.topics, resource.properties["TopicArn"]))


def parameter(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A standard parameter is free."""
    if resource.properties.get("Tier", "Standard") != "Standard":
        raise Unpriced(stack, resource, "a parameter of the advanced tier is billed")
    yield from ()


def dashboard(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A dashboard; three of up to 50 metrics would be free, which is left out of account (T222)."""
    yield floor("dashboard_month", 1)


RULES: dict[str, Rule] = {
    "AWS::KMS::Key": key,
    "AWS::SecretsManager::Secret": secret,
    "AWS::CloudTrail::Trail": trail,
    "AWS::Logs::LogGroup": log_group,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::Dashboard": dashboard,
    "AWS::SNS::Topic": topic,
    "AWS::SNS::Subscription": subscription,
    "AWS::SSM::Parameter": parameter,
}

FREE = {
    "AWS::KMS::Alias": "an alias is free",
    "AWS::IAM::Role": "IAM is free",
    "AWS::IAM::ManagedPolicy": "IAM is free",
    "AWS::SNS::TopicPolicy": "a policy is free",
}
