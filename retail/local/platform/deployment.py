"""The stacks, deployed in the order of the deployment, by the calls that the AWS CLI makes.

The AWS CLI itself takes a second and more for each, so these are the same operations without it. What is given to the
stacks is what a deployer gives, or what the deployment carries from one stack to another; the rest they know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from retail.local.platform.deployed import Deployed
from retail.ops import emitted, stacks
from retail.ops.cli import StackError
from retail.ops.stacks import EDGE_REGION, Stack

ZONE = "example.test"
DOMAIN = f"store.{ZONE}"
"""A name that is nobody's; the shop is reached by its port."""

PREFIX_LIST = "pl-3b927c52"
"""CloudFront's prefix list in us-east-1, which the emulator does not have."""

POLL_SECONDS = 0.05
LONGEST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Templates:
    """The emitted files in a folder."""

    folder: Path

    def check(self) -> None:
        """Raises InputError for a template that is not there or is none."""
        for stack in stacks.platform("any", "any", EDGE_REGION).values():
            self.parameters(stack)

    def text(self, stack: Stack) -> str:
        """A stack's template."""
        return (self.folder / stack.template.name).read_text(encoding="utf-8")

    def parameters(self, stack: Stack) -> set[str]:
        """The names of its parameters. Raises InputError."""
        return set(emitted.read(self.folder / stack.template.name).parameters)


class Deployment:
    """One deployment of all stacks."""

    def __init__(self, deployed: Deployed, templates: Templates, say: Callable[[str], None]) -> None:
        self.deployed = deployed
        self.templates = templates
        self.say = say
        self.given = {"Project": deployed.project, "Environment": deployed.environment, "DomainName": DOMAIN}

    def foundation(self) -> None:
        """From the network to the data: 01 to 05. Raises StackError at the first that fails."""
        self.given |= {"HostedZoneId": self.zone(), "CloudFrontPrefixListId": PREFIX_LIST}
        self.deploy(stacks.NETWORKING)
        self.deploy(stacks.SECURITY)
        key = self.deployed.output(stacks.SECURITY, "KeyArn")
        self.deploy(stacks.NETWORKING, {"FlowLogsKmsKeyArn": key}, "flow logs under the key")
        self.deploy(stacks.INGRESS_WAF, {"Scope": "waf", "WafLogsKmsKeyArn": key})
        first = self.deployed.outputs(stacks.INGRESS_WAF)
        self.deploy(
            stacks.INGRESS,
            {"Scope": "cdn", "WebAclArn": first["WebAclArn"], "ViewerCertificateArn": first["ViewerCertificateArn"]},
        )
        self.deploy(stacks.APPLICATION)
        image = f"{self.deployed.output(stacks.APPLICATION, 'RepositoryUri')}:local"
        self.deploy(stacks.APPLICATION, {"ContainerImage": image, "DesiredCount": "keep"}, "the storefront's image")
        self.deploy(stacks.DATA)

    def pipelines(self, code: Mapping[str, str]) -> None:
        """What runs packaged code: 06 and 07, with the keys of the code by parameter. Raises StackError."""
        for title in (stacks.EVENTS, stacks.ANALYTICS):
            names = self.templates.parameters(self.deployed.stacks[title])
            self.deploy(title, {name: key for name, key in code.items() if name in names})

    def zone(self) -> str:
        """A hosted zone as the owner of a domain has it."""
        made = self.deployed.client("route53").create_hosted_zone(Name=ZONE, CallerReference="retail.local")
        return str(made["HostedZone"]["Id"].rpartition("/")[2])

    def deploy(self, title: str, values: Mapping[str, str] | None = None, purpose: str = "") -> None:
        """Create or update a stack and say how long it took. Parameters that are not given keep their values."""
        stack = self.deployed.stacks[title]
        cloudformation = self.deployed.client("cloudformation", stack.region)
        declared = self.templates.parameters(stack)
        given = {name: value for name, value in (self.given | dict(values or {})).items() if name in declared}
        parameters: list[dict[str, Any]] = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in given.items()
        ]
        before = _describe(cloudformation, stack)
        if before:
            parameters += [
                {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
                for each in before.get("Parameters", [])
                if each["ParameterKey"] not in given
            ]
        began = time.monotonic()
        operation = cloudformation.update_stack if before else cloudformation.create_stack
        try:
            operation(
                StackName=stack.name,
                TemplateBody=self.templates.text(stack),
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Parameters=parameters,
                Tags=[
                    {"Key": "Project", "Value": self.deployed.project},
                    {"Key": "Environment", "Value": self.deployed.environment},
                ],
            )
        except ClientError as error:
            raise StackError(f"{stack.label} failed: {error.response['Error']['Message']}") from None
        self._await(cloudformation, stack)
        count = len(self.deployed.resources(title))
        verb = f"updated, {purpose}," if before else f"created, {count} resources,"
        self.say(f"{stack.label} {verb} in {time.monotonic() - began:.1f} s")

    def _await(self, cloudformation: Any, stack: Stack) -> None:
        deadline = time.monotonic() + LONGEST_SECONDS
        while (status := _describe(cloudformation, stack)["StackStatus"]).endswith("_IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise StackError(f"{stack.label} is still {status} after {LONGEST_SECONDS} s; see the emulator's log")
            time.sleep(POLL_SECONDS)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise StackError(f"{stack.label} failed ({status}): {_cause(cloudformation, stack)}")


def _describe(cloudformation: Any, stack: Stack) -> dict[str, Any]:
    """The stack as CloudFormation shows it; empty if it is not there."""
    try:
        shown: dict[str, Any] = cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]
        return shown
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return {}


def _cause(cloudformation: Any, stack: Stack) -> str:
    """The first failure among the stack's events, which come the newest first."""
    failures = [
        f"{each['LogicalResourceId']} ({each['ResourceType']}): {each.get('ResourceStatusReason', '')}"
        for each in cloudformation.describe_stack_events(StackName=stack.name)["StackEvents"]
        if each["ResourceStatus"].endswith("_FAILED") and each["ResourceType"] != "AWS::CloudFormation::Stack"
    ]
    return failures[-1] if failures else "CloudFormation names no resource"
