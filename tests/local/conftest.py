"""One emulator for all tests of this folder; `deployer` speaks CloudFormation to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from retail.local.emulator import Emulator, emulator


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(state=tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture(scope="module")
def aws(running: Emulator) -> Emulator:
    """The emulator, empty at the beginning of each module."""
    running.reset()
    return running


@pytest.fixture(scope="module")
def boto(aws: Emulator) -> Callable[..., Any]:
    """A boto3 client of a service, in us-east-1 unless told otherwise."""
    return aws.client


@dataclass(frozen=True, slots=True)
class Deployer:
    """Creates, updates and deletes stacks, and waits for each to settle. A template is its text or its URL."""

    cloudformation: Any

    def create(self, name: str, template: str, **parameters: str) -> str:
        self.cloudformation.create_stack(StackName=name, **_request(template, parameters))
        return self.settled(name)

    def update(self, name: str, template: str, **parameters: str) -> str:
        self.cloudformation.update_stack(StackName=name, **_request(template, parameters))
        return self.settled(name)

    def delete(self, name: str) -> str:
        stack_id = self._stack(name)["StackId"]
        self.cloudformation.delete_stack(StackName=name)
        return self.settled(stack_id)

    def settled(self, name: str) -> str:
        """The status of a stack at rest."""
        deadline = time.monotonic() + 60
        while (status := self._stack(name)["StackStatus"]).endswith("_IN_PROGRESS") and time.monotonic() < deadline:
            time.sleep(0.02)
        return str(status)

    def outputs(self, name: str) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self._stack(name).get("Outputs", [])}

    def refs(self, name: str) -> dict[str, str]:
        """What Ref returns for each resource."""
        resources = self.cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}

    def failures(self, name: str) -> dict[str, str]:
        """The latest reasons in the stack's events by logical id."""
        events = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return {
            each["LogicalResourceId"]: each["ResourceStatusReason"]
            for each in reversed(events)
            if each["ResourceStatus"].endswith("_FAILED")
        }

    def _stack(self, name: str) -> dict[str, Any]:
        stack: dict[str, Any] = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return stack


def _request(template: str, parameters: dict[str, str]) -> dict[str, Any]:
    source = "TemplateURL" if template.startswith("http") else "TemplateBody"
    return {
        source: template,
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    }


@pytest.fixture(scope="module")
def deployer(boto: Callable[..., Any]) -> Deployer:
    return Deployer(boto("cloudformation"))


@pytest.fixture(scope="module")
def survival(deployer: Deployer) -> dict[str, str]:
    """What Ref returns for each resource of survival.yaml, deployed as the stack of that name."""
    template = (Path(__file__).parent / "survival.yaml").read_text()
    assert deployer.create("survival", template) == "CREATE_COMPLETE", deployer.failures("survival")
    return deployer.refs("survival")
