"""What the stacks have made, read from the emulator and from nowhere else.

    deployed = Deployed(aws, "retail", "dev")
    deployed.client("sqs").purge_queue(QueueUrl=deployed.ref("events", "OrderProcessingQueue"))
    deployed.output("data", "LakeBucketName")

Everything is asked anew each time, so that a stack that is deployed again is seen at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from retail.local.emulator import REGION, Emulator
from retail.ops import stacks
from retail.ops.stacks import Stack

_CONFIG = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}, max_pool_connections=20)


class NotDeployedError(LookupError):
    """A stack, a resource or an output that is not there; the message is one line."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as its stack shows it."""

    type: str
    physical_id: str  # what Ref returns
    status: str


@dataclass(frozen=True)
class Deployed:
    """The stacks of one environment in a running emulator. Threads may share it."""

    aws: Emulator
    project: str
    environment: str
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)
    _making: Lock = field(default_factory=Lock, repr=False, compare=False)

    @property
    def stacks(self) -> dict[str, Stack]:
        """The stacks by title, in the order of their deployment, whether or not they are there."""
        return stacks.platform(self.project, self.environment, REGION)

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of the root user, in the primary Region unless told otherwise; the same one each time."""
        where = (service, region or REGION)
        with self._making:  # boto3 is not safe for threads while it makes clients
            if where not in self._clients:
                self._clients[where] = boto3.session.Session().client(
                    service,
                    region_name=where[1],
                    endpoint_url=self.aws.url,
                    aws_access_key_id=self.aws.environment["AWS_ACCESS_KEY_ID"],
                    aws_secret_access_key=self.aws.environment["AWS_SECRET_ACCESS_KEY"],
                    config=_CONFIG,
                )
            return self._clients[where]

    def resources(self, title: str) -> dict[str, Resource]:
        """The resources of a stack by logical id. Raises NotDeployedError."""
        shown = self._asked(title, "describe_stack_resources")["StackResources"]
        return {
            each["LogicalResourceId"]: Resource(
                each["ResourceType"], each.get("PhysicalResourceId", ""), each["ResourceStatus"]
            )
            for each in shown
        }

    def ref(self, title: str, logical_id: str) -> str:
        """What Ref returns for a resource. Raises NotDeployedError."""
        found = self.resources(title).get(logical_id)
        if found is None:
            raise NotDeployedError(f"{self.stacks[title].name} has no resource {logical_id}")
        return found.physical_id

    def outputs(self, title: str) -> Mapping[str, str]:
        """The outputs of a stack by name. Raises NotDeployedError."""
        stack = self._asked(title, "describe_stacks")["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    def output(self, title: str, name: str) -> str:
        """One output of a stack. Raises NotDeployedError."""
        found = self.outputs(title)
        if name not in found:
            raise NotDeployedError(f"{self.stacks[title].name} has no output {name}")
        return found[name]

    def _asked(self, title: str, operation: str) -> dict[str, Any]:
        stack = self.stacks[title]
        try:
            return getattr(self.client("cloudformation", stack.region), operation)(StackName=stack.name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise NotDeployedError(f"the stack {stack.name} is not there") from None
