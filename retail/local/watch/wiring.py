"""How the deployed stacks are wired: read from the services, so that a changed template is a changed picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from retail.local.gaps import RECORDED_ONLY
from retail.local.platform.deployed import Deployed, NotDeployedError
from retail.local.platform.deployed import Resource as Shown
from retail.local.watch.facts import Pipeline
from retail.local.watch.watched import Resource

WITH_PIPELINES = ("events", "analytics")
DEFAULT = "Default (*)"
"""What CloudFront's console calls the default behaviour."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What leads where. Stacks that are not there leave their part empty."""

    pipelines: Sequence[Pipeline]
    queue_urls: Mapping[str, str]
    """By logical id: work queues, dead letters and what could not be delivered."""

    behaviours: Sequence[str]
    rules: Sequence[str]
    crawlers: Mapping[str, str]
    """Names by logical id."""

    queries: Sequence[str]


def resources(deployed: Deployed) -> tuple[Resource, ...]:
    """Every resource of every stack that is there, in the order of their deployment."""
    return tuple(
        Resource(title, logical_id, each.type, each.physical_id, each.status, RECORDED_ONLY.get(each.type, ""))
        for title in deployed.stacks
        for logical_id, each in _resources(deployed, title).items()
    )


def read(deployed: Deployed) -> Wiring:
    """Read the wiring. Raises botocore's errors when the emulator does not answer."""
    analytics = _resources(deployed, "analytics")
    queues = {
        logical_id: each.physical_id
        for title in WITH_PIPELINES
        for logical_id, each in _resources(deployed, title).items()
        if each.type == "AWS::SQS::Queue"
    }
    return Wiring(
        pipelines=[pipeline for title in WITH_PIPELINES for pipeline in _pipelines(deployed, title)],
        queue_urls=queues,
        behaviours=_behaviours(deployed),
        rules=_rules(deployed),
        crawlers={name: each.physical_id for name, each in analytics.items() if each.type == "AWS::Glue::Crawler"},
        queries=[name for name, each in analytics.items() if each.type == "AWS::Athena::NamedQuery"],
    )


def _resources(deployed: Deployed, title: str) -> dict[str, Shown]:
    try:
        return deployed.resources(title)
    except NotDeployedError:
        return {}


def _template(deployed: Deployed, title: str) -> str:
    """The text of a stack's template; empty where there is none."""
    stack = deployed.stacks[title]
    try:
        found = deployed.client("cloudformation", stack.region).get_template(StackName=stack.name)
    except ClientError:
        return ""
    return str(found["TemplateBody"])


def _pipelines(deployed: Deployed, title: str) -> list[Pipeline]:
    """Each rule with a queue that a function reads, in the order of the template."""
    resources = _resources(deployed, title)
    template = _template(deployed, title)
    queues = {_last(each.physical_id): name for name, each in resources.items() if each.type == "AWS::SQS::Queue"}
    functions = {each.physical_id: name for name, each in resources.items() if each.type == "AWS::Lambda::Function"}
    readers = {}
    for each in resources.values():
        if each.type == "AWS::Lambda::EventSourceMapping":
            mapping = deployed.client("lambda").get_event_source_mapping(UUID=each.physical_id)
            readers[queues[_last(mapping["EventSourceArn"])]] = functions[_last(mapping["FunctionArn"])]
    found = []
    rules = {name: each for name, each in resources.items() if each.type == "AWS::Events::Rule"}
    for rule, each in sorted(rules.items(), key=lambda item: template.find(f"\n  {item[0]}:")):
        pattern, targets = _rule(deployed.client("events"), each.physical_id)
        for target in targets:
            queue = queues.get(_last(target["Arn"]))
            if queue in readers:
                found.append(
                    Pipeline(
                        stack=title,
                        rule=rule,
                        matches=tuple(pattern.get("detail-type", ())),
                        queue=queue,
                        dead_letters=_dead_letters(deployed, resources[queue].physical_id, queues),
                        undelivered=queues.get(_last(target.get("DeadLetterConfig", {}).get("Arn", "")), ""),
                        function=readers[queue],
                        handler=_handler(deployed, resources[readers[queue]].physical_id),
                    )
                )
    return found


def _rule(events: Any, physical_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A rule's pattern and targets; Ref returns ``bus|rule`` on a bus of one's own."""
    bus, _, name = physical_id.rpartition("|")
    where = {"EventBusName": bus} if bus else {}
    pattern = json.loads(events.describe_rule(Name=name, **where).get("EventPattern", "{}"))
    return pattern, events.list_targets_by_rule(Rule=name, **where)["Targets"]


def _handler(deployed: Deployed, function: str) -> str:
    return str(deployed.client("lambda").get_function_configuration(FunctionName=function)["Handler"])


def _dead_letters(deployed: Deployed, url: str, queues: Mapping[str, str]) -> str:
    return queues.get(_last(_redrive(deployed, url).get("deadLetterTargetArn", "")), "")


def seconds_to_dead_letters(deployed: Deployed, url: str) -> int:
    """How long a queue lets a message fail: it is hidden for the visibility timeout after each receive."""
    asked = deployed.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return int(asked["Attributes"]["VisibilityTimeout"]) * int(_redrive(deployed, url).get("maxReceiveCount", 1))


def _redrive(deployed: Deployed, url: str) -> dict[str, Any]:
    asked = deployed.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    policy: dict[str, Any] = json.loads(asked.get("Attributes", {}).get("RedrivePolicy", "{}"))
    return policy


def _behaviours(deployed: Deployed) -> list[str]:
    distribution = _resources(deployed, "ingress").get("Distribution")
    if distribution is None:
        return []
    shown = deployed.client("cloudfront").get_distribution_config(Id=distribution.physical_id)
    behaviours = shown["DistributionConfig"].get("CacheBehaviors", {}).get("Items", [])
    return [*(each["PathPattern"] for each in behaviours), DEFAULT]


def _rules(deployed: Deployed) -> list[str]:
    acl = _resources(deployed, "ingress-waf").get("WebAcl")
    if acl is None:
        return []
    name, identity, scope = acl.physical_id.split("|")
    shown = deployed.client("wafv2", deployed.stacks["ingress-waf"].region).get_web_acl(
        Name=name, Id=identity, Scope=scope
    )
    return [each["Name"] for each in sorted(shown["WebACL"]["Rules"], key=lambda each: each["Priority"])]


def _last(name: str) -> str:
    """The name in an ARN or a URL."""
    return name.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
