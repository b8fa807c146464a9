"""A function that works off a queue: its role, its log, its code, its batches, its alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from awacs.aws import Statement
from troposphere import GetAtt, Ref
from troposphere.awslambda import (
    Code,
    Environment,
    EventSourceMapping,
    Function,
    LoggingConfig,
    ScalingConfig,
    VPCConfig,
)
from troposphere.sqs import Queue

from retail import policies
from retail.blocks import alarms, logs
from retail.blocks.queues import Shared
from retail.contracts.settings import Settings
from retail.stack import accepted, either

CODE = "Code of the functions"

STAND_IN_PROGRAM = """\
def handler(event, context):
    raise RuntimeError("no code is deployed here yet: give this stack the function's code key")
"""


@dataclass(frozen=True, kw_only=True)
class Batches:
    """How a function takes from its queue: so many messages at most, or what has come within the window."""

    size: int
    window_seconds: int
    at_once: int

    def visibility_seconds(self, timeout_seconds: int) -> int:
        """How long a received message stays hidden: six times the function's time and the window (T159)."""
        return 6 * timeout_seconds + self.window_seconds


def queue_worker(
    shared: Shared,
    name: str,
    *,
    queue: Queue,
    handler: str,
    description: str,
    settings: Settings,
    may: list[Statement],
    code_bucket: Any,
    batches: Batches,
    vpc: VPCConfig | None = None,
) -> Function:
    """A function, ARM64 on Python 3.13, fed in batches from a queue.

    Its code is the zip in the artifacts bucket under the key that parameter ``<name>CodeKey`` gives; the key holds
    the content's hash, as CloudFormation sees no change behind an equal key (T166). Until there is one, a stand-in
    holds the function's place and nothing is taken from the queue.
    """
    stack, config = shared.stack, shared.config
    code_key, has_code = stack.optional(
        f"{name}CodeKey",
        group=CODE,
        label=f"{name}'s code",
        pattern=r"lambdas/[a-zA-Z0-9._-]+\.zip",
        Description="Key of the function's zip in the artifacts bucket.",
    )
    log = stack.add_resource(
        logs.log_group(f"{name}Logs", key_arn=shared.key_arn, retention_days=config.log_retention_days)
    )
    in_vpc: dict[str, Any] = {}
    if vpc:
        may = [*may, policies.may_manage_network_interfaces()]
        in_vpc["Metadata"] = accepted(CKV_AWS_111=policies.ANYTHING["ec2:CreateNetworkInterface"])
    role = stack.add_resource(
        policies.role(
            f"{name}Role",
            "lambda",
            policies.may_write_logs(GetAtt(log, "Arn")),
            policies.may_consume(GetAtt(queue, "Arn")),
            policies.may_use_key(shared.key_arn),
            *may,
            description=description,
            **in_vpc,
        )
    )
    function = stack.add_resource(
        Function(
            name,
            Description=description,
            Runtime="python3.13",
            Architectures=["arm64"],
            Handler=either(has_code, handler, "index.handler"),
            Code=either(has_code, Code(S3Bucket=code_bucket, S3Key=code_key), Code(ZipFile=STAND_IN_PROGRAM)),
            MemorySize=config.function_memory_mib,
            Timeout=config.function_timeout_seconds,
            Role=GetAtt(role, "Arn"),
            KmsKeyArn=shared.key_arn,
            Environment=Environment(Variables=settings.variables()),
            LoggingConfig=LoggingConfig(LogFormat="JSON", LogGroup=Ref(log)),
            **({"VpcConfig": vpc} if vpc else {}),
            Tags=stack.tags(name),
            Metadata=accepted(
                CKV_AWS_115="A reservation takes from the account's quota, which may be 10 in all (T164); the event "
                "source mapping bounds concurrency.",
                CKV_AWS_116="The queue's redrive policy catches what fails; the function is not invoked "
                "asynchronously.",
                CKV_AWS_117="In the VPC where it touches the data tier, outside where it needs only AWS's own APIs.",
            ),
        )
    )
    stack.add_resource(
        EventSourceMapping(
            f"{name}Source",
            FunctionName=Ref(function),
            EventSourceArn=GetAtt(queue, "Arn"),
            Enabled=either(has_code, True, False),
            BatchSize=batches.size,
            MaximumBatchingWindowInSeconds=batches.window_seconds,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            # Not by reserved concurrency: throttled receives count, and good messages would end as dead letters (T163).
            ScalingConfig=ScalingConfig(MaximumConcurrency=batches.at_once),
        )
    )
    watched = alarms.Watched(
        topic_arn=shared.topic_arn, namespace="AWS/Lambda", dimensions={"FunctionName": Ref(function)}
    )
    # A failed batch is tried again only when it is visible: with few messages that is minutes without a call.
    within = 3 * batches.visibility_seconds(config.function_timeout_seconds) // 60
    for suffix, metric, text in (
        ("Failing", "Errors", f"{name} ends with an error instead of an answer; its log says which."),
        ("Throttled", "Throttles", f"{name} is refused: the account's concurrency is used up."),
    ):
        stack.add_resource(
            watched.alarm(
                f"{name}{suffix}",
                text,
                metric,
                runbook=f"function-{suffix.lower()}",
                threshold=0,
                times=2,
                within=within,
            )
        )
    return function
