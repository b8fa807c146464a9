"""A queue as the narrative has it: three receives, then a dead-letter queue for fourteen days and an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from awacs import sqs as actions
from awacs.aws import ArnEquals, Condition, Statement
from troposphere import GetAtt, Ref
from troposphere.events import DeadLetterConfig, RetryPolicy, Rule, Target
from troposphere.sqs import Queue, QueuePolicy, RedrivePolicy

from retail import policies
from retail.blocks import alarms
from retail.config import Config
from retail.stack import STATEFUL, Stack

DAY = 86_400
RETRY_SECONDS = 3_600
"""How long EventBridge tries to deliver to a queue before it gives the event to the undelivered ones."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What all queues of a stack have in common."""

    stack: Stack
    config: Config
    key_arn: Any
    topic_arn: Any


def last_resort(shared: Shared, title: str, description: str, runbook: str) -> Queue:
    """A queue where what failed lies for fourteen days, and the alarm that something lies there.

    The alarm counts what is visible: the metric of sent messages does not count redriven ones (T160).
    """
    queue = shared.stack.add_resource(
        Queue(
            title,
            KmsMasterKeyId=shared.key_arn,
            MessageRetentionPeriod=shared.config.dead_letter_retention_days * DAY,
            Tags=shared.stack.tags(title),
            **STATEFUL,
        )
    )
    shared.stack.add_resource(
        _watched(shared, queue).alarm(
            f"{title}NotEmpty",
            description,
            "ApproximateNumberOfMessagesVisible",
            runbook=runbook,
            statistic="Maximum",
            threshold=0,
        )
    )
    return queue


def work_queue(shared: Shared, name: str, *, visibility_seconds: int, late_after_seconds: int) -> tuple[Queue, Queue]:
    """The queue of one function and its dead letters, and the alarm that the function does not keep up."""
    dead_letters = last_resort(
        shared,
        f"{name}DeadLetters",
        f"A message of {name}Queue has failed {shared.config.max_receives} times. Mend its function, then redrive.",
        "dead-letters",
    )
    queue = shared.stack.add_resource(
        Queue(
            f"{name}Queue",
            KmsMasterKeyId=shared.key_arn,
            VisibilityTimeout=visibility_seconds,
            MessageRetentionPeriod=shared.config.queue_retention_days * DAY,
            RedrivePolicy=RedrivePolicy(
                deadLetterTargetArn=GetAtt(dead_letters, "Arn"), maxReceiveCount=shared.config.max_receives
            ),
            Tags=shared.stack.tags(f"{name}Queue"),
            **STATEFUL,
        )
    )
    shared.stack.add_resource(
        _watched(shared, queue).alarm(
            f"{name}QueueTooOld",
            f"A message waits in {name}Queue for more than {late_after_seconds // 60} minutes: its function does not "
            "keep up, or does not run.",
            "ApproximateAgeOfOldestMessage",
            runbook="queue-too-old",
            statistic="Maximum",
            threshold=late_after_seconds,
            times=5,
        )
    )
    shared.stack.add_resource(
        QueuePolicy(
            f"{name}DeadLettersPolicy",
            Queues=[Ref(dead_letters)],
            PolicyDocument=policies.policy(_only_over_tls(dead_letters)),
        )
    )
    return queue, dead_letters


def fed_by_rule(
    shared: Shared, name: str, queue: Queue, *, pattern: dict[str, Any], description: str, bus: Any
) -> Rule:
    """The rule that feeds a queue, and the queue of what it could not deliver.

    The two failures differ: dead letters were received and not processed, undelivered events never came (T156).
    """
    undelivered = last_resort(
        shared,
        f"{name}Undelivered",
        f"EventBridge could not put an event into {name}Queue: look at the queue's policy and the key's.",
        "undelivered",
    )
    rule = shared.stack.add_resource(
        Rule(
            f"{name}Rule",
            Description=description,
            **({"EventBusName": Ref(bus)} if bus is not None else {}),
            EventPattern=pattern,
            Targets=[
                Target(
                    Id="queue",
                    Arn=GetAtt(queue, "Arn"),
                    DeadLetterConfig=DeadLetterConfig(Arn=GetAtt(undelivered, "Arn")),
                    RetryPolicy=RetryPolicy(MaximumEventAgeInSeconds=RETRY_SECONDS, MaximumRetryAttempts=20),
                )
            ],
        )
    )
    shared.stack.add_resource(
        [admit(f"{each.title}Policy", each, GetAtt(rule, "Arn")) for each in (queue, undelivered)]
    )
    return rule


def admit(title: str, queue: Queue, source_arn: Any) -> QueuePolicy:
    """Let EventBridge send to a queue on behalf of one rule or bus.

    A policy for each queue: SQS refuses a statement that names two.
    """
    return QueuePolicy(
        title,
        Queues=[Ref(queue)],
        PolicyDocument=policies.policy(
            _only_over_tls(queue),
            policies.service_may(
                "EventBridgeSends",
                "events",
                actions.SendMessage,
                on=GetAtt(queue, "Arn"),
                condition=Condition(ArnEquals({"aws:SourceArn": source_arn})),
            ),
        ),
    )


def _only_over_tls(queue: Queue) -> Statement:
    return policies.only_over_tls(GetAtt(queue, "Arn"), actions=[actions.Action("*")])


def _watched(shared: Shared, queue: Queue) -> alarms.Watched:
    name = GetAtt(queue, "QueueName")
    return alarms.Watched(topic_arn=shared.topic_arn, namespace="AWS/SQS", dimensions={"QueueName": name})
