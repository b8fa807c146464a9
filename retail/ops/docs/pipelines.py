"""From a rule to what its events reach: each pipeline of rule, queue, dead letters and function."""

from __future__ import annotations

from typing import Any, NamedTuple

from retail.ops.docs.facts import Made, Templates, behind, every, nodes, target
from retail.ops.docs.grants import grants, shown

PLUMBING = ("logs:", "sqs:", "kms:", "ec2:", "secretsmanager:")
"""What every function needs to run at all."""


class Pipeline(NamedTuple):
    """A rule with a queue behind it."""

    rule: Made
    events: tuple[str, ...]
    queue: Made
    dead_letters: str  # logical id, or empty
    undelivered: str
    function: Made | None
    batch: Any  # the mapping's properties
    reaches: tuple[str, ...]


def pipelines(templates: Templates) -> list[Pipeline]:
    """Every rule that sends to a queue."""
    queues = {made.title: made for made in every(templates, "AWS::SQS::Queue")}
    found = []
    for rule in every(templates, "AWS::Events::Rule"):
        for end in rule.properties["Targets"]:
            queue = queues.get(target(end["Arn"]))
            if queue:
                source = _source(templates, queue)
                function = behind(templates, source["FunctionName"])[0] if source else None
                found.append(
                    Pipeline(
                        rule,
                        told(rule),
                        queue,
                        target(queue.properties.get("RedrivePolicy")),
                        target(end.get("DeadLetterConfig")),
                        function,
                        source,
                        _reaches(templates, function) if function else (),
                    )
                )
    return found


def told(rule: Made) -> tuple[str, ...]:
    """The events that a rule passes on, and what narrows them."""
    pattern = rule.properties["EventPattern"]
    narrowed = [f"but no {key.removesuffix('-name')}" for key, value in pattern.items() if value == [{"exists": False}]]
    prefixes = [str(prefix) for prefix in nodes(pattern, "prefix")]
    return (*pattern["detail-type"], *prefixes, *narrowed)


def notices(templates: Templates) -> list[tuple[Made, Made]]:
    """The rules that tell a topic, each with it."""
    return [
        (rule, topic)
        for rule in every(templates, "AWS::Events::Rule")
        for end in rule.properties["Targets"]
        for topic in behind(templates, end["Arn"])
        if topic.type == "AWS::SNS::Topic"
    ]


def _source(templates: Templates, queue: Made) -> Any:
    for mapping in every(templates, "AWS::Lambda::EventSourceMapping"):
        if target(mapping.properties["EventSourceArn"]) == queue.title:
            return mapping.properties
    return None


def _reaches(templates: Templates, function: Made) -> tuple[str, ...]:
    """What a function reaches: by its settings, and by its role what no setting names or what is a part of it."""
    reached = [made for made in behind(templates, function.properties["Environment"]) if "Secret" not in made.type]
    role = behind(templates, function.properties["Role"])[0]
    allowed = [
        name
        for grant in grants(templates, role)
        if not grant.actions[0].startswith((*PLUMBING, "elasticache:"))
        for name in grant.resources
    ]
    names = [made.title for made in reached if made.type != "AWS::SQS::Queue" and not _named(made, allowed)]
    return tuple(dict.fromkeys([*names, *(name.removeprefix("crawler/") for name in allowed)]))


def _named(made: Made, allowed: list[str]) -> bool:
    """Whether a bucket's parts are allowed, which say more than the bucket."""
    names = shown(made.properties.get("BucketName", ""))
    return any(name.startswith(f"{each}/") for name in allowed for each in names if each)
