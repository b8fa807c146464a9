"""A function and its event source mapping as they are deployed; Lambda's API tells both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

AT_ONCE = 5
"""How many batches Lambda begins with where a mapping sets no maximum (T163)."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function's configuration. Where its code lies is no part of what it is."""

    name: str
    arn: str
    runtime: str
    handler: str
    role_arn: str
    timeout_seconds: int
    memory_mib: int
    log_group: str
    log_format: str
    code_sha256: str
    variables: dict[str, str]
    code_url: str = field(compare=False, repr=False)

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @classmethod
    def read(cls, client: Any, name: str) -> Function:
        """The function as Lambda's API shows it."""
        shown = client.get_function(FunctionName=name)
        told = shown["Configuration"]
        logging = told.get("LoggingConfig", {})
        return cls(
            name=told["FunctionName"],
            arn=told["FunctionArn"],
            runtime=told["Runtime"],
            handler=told["Handler"],
            role_arn=told["Role"],
            timeout_seconds=told["Timeout"],
            memory_mib=told["MemorySize"],
            log_group=logging.get("LogGroup") or f"/aws/lambda/{told['FunctionName']}",
            log_format=logging.get("LogFormat", "Text"),
            code_sha256=told["CodeSha256"],
            variables=told.get("Environment", {}).get("Variables", {}),
            code_url=shown["Code"]["Location"],
        )


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a function takes from its queue."""

    id: str
    queue_arn: str
    enabled: bool
    batch_size: int
    window_seconds: int
    reports_failures: bool
    at_once: int

    @property
    def queue_name(self) -> str:
        return self.queue_arn.rsplit(":", 1)[-1]

    @classmethod
    def read(cls, client: Any, function: str) -> Mapping | None:
        """The function's mapping to a queue, or None; it is the only one in our stacks."""
        shown = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
        for told in shown:
            if ":sqs:" in told["EventSourceArn"]:
                return cls(
                    id=told["UUID"],
                    queue_arn=told["EventSourceArn"],
                    enabled=told["State"] in ("Enabled", "Enabling", "Creating", "Updating"),
                    batch_size=told["BatchSize"],
                    window_seconds=told.get("MaximumBatchingWindowInSeconds", 0),
                    reports_failures="ReportBatchItemFailures" in told.get("FunctionResponseTypes", []),
                    at_once=told.get("ScalingConfig", {}).get("MaximumConcurrency", AT_ONCE),
                )
        return None
