"""Rule, queue, function: how one kind of event is worked off, from the bus to the code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from awacs.aws import Statement
from troposphere.awslambda import Function, VPCConfig
from troposphere.events import EventBus
from troposphere.sqs import Queue

from retail.blocks import functions, queues
from retail.contracts.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """What a pipeline is made of, for those who watch it."""

    queue: Queue
    dead_letters: Queue
    function: Function


def pipeline(
    shared: queues.Shared,
    rule: str,
    function: str,
    *,
    matches: dict[str, Any],
    told: Settings,
    may: list[Statement],
    purpose: str,
    code_bucket: Any,
    handler: str,
    bus: EventBus | None = None,
    vpc: VPCConfig | None = None,
    batches: functions.Batches,
    late_after_seconds: int,
) -> Pipeline:
    """A rule on a bus (by default: the account's own), its queue, and the function that works it off.

    ``matches`` is the rule's event pattern, ``told`` the function's environment, ``may`` what its role permits
    besides its queue and its log.
    """
    queue, dead_letters = queues.work_queue(
        shared,
        rule,
        visibility_seconds=batches.visibility_seconds(shared.config.function_timeout_seconds),
        late_after_seconds=late_after_seconds,
    )
    queues.fed_by_rule(shared, rule, queue, pattern=matches, description=purpose, bus=bus)
    worker = functions.queue_worker(
        shared,
        function,
        queue=queue,
        handler=handler,
        description=purpose,
        settings=told,
        may=may,
        code_bucket=code_bucket,
        batches=batches,
        vpc=vpc,
    )
    return Pipeline(queue=queue, dead_letters=dead_letters, function=worker)
