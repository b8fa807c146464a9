"""The templates against what is deployed: change sets by the real AWS CLI, looked at and deleted, none executed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from retail.local.emulator import Emulator, emulator
from tests.emitted import OUT
from tests.plan.checkout import Checkout

REGION = "us-east-1"
DEPLOYED = {
    "01-networking": {},
    "02-security": {"CloudFrontPrefixListId": "pl-3b927c52"},
    "05-data": {},
}
"""What is there, with what no default can serve; the other stacks are not."""


@dataclass(frozen=True, slots=True)
class Account:
    """The local AWS with three of the stacks, and a checkout to plan from."""

    aws: Emulator
    checkout: Checkout

    @property
    def cloudformation(self) -> Any:
        return boto3.client(
            "cloudformation",
            region_name=REGION,
            endpoint_url=self.aws.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def plan(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.checkout.plan("--environment", "dev", *arguments, environment=self.aws.environment)

    def stacks(self) -> dict[str, str]:
        return {each["StackName"]: each["StackStatus"] for each in self.cloudformation.describe_stacks()["Stacks"]}

    def change_sets(self) -> list[Any]:
        return [
            each
            for stack in self.stacks()
            for each in self.cloudformation.list_change_sets(StackName=stack)["Summaries"]
        ]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    place = tmp_path_factory.mktemp("plan")
    with emulator(state=place / "aws") as aws:
        found = Account(aws, Checkout.of_emitted(place / "checkout"))
        for name, parameters in DEPLOYED.items():
            stack = f"retail-dev-{name[3:]}"
            found.cloudformation.create_stack(
                StackName=stack,
                TemplateBody=(OUT / f"{name}.yaml").read_text(encoding="utf-8"),
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            )
            found.cloudformation.get_waiter("stack_create_complete").wait(
                StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        yield found


@pytest.fixture(scope="module")
def told(account: Account) -> dict[str, Any]:
    """The plan of a few edits and one changed parameter, by what was asked: status and JSON."""
    before = {path: path.read_text(encoding="utf-8") for path in (account.checkout.directory / "out").iterdir()}
    account.checkout.edit("05-data", "TableName: !Sub ${Project}-${Environment}-carts", "TableName: baskets")
    account.checkout.edit("02-security", "Aurora: from tasks", "Aurora, from tasks")
    account.checkout.edit("01-networking", "Description: '01 Networking", "Description: 'No. 01 Networking")
    done = account.plan("--json", "--set", "DeletionProtection=false")
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")
    assert done.returncode == 1, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of_stack(told: dict[str, Any], stack: str) -> dict[str, str]:
    return {each["logical_id"]: each["action"] for each in told["changes"] if each["stack"] == stack}


def test_a_stack_that_is_there_is_told_by_what_would_happen_to_each_resource(told: dict[str, Any]) -> None:
    assert of_stack(told, "05 data") == {
        "CartTable": "replace",
        "BackupSelection": "replace",
        "DataCartTableParameter": "update",
        "Database": "update",
        # These hold attributes of the database; that they may become others only the change set tells.
        "DataWriterHostParameter": "update",
        "DataReaderHostParameter": "update",
        "DataDatabasePortParameter": "update",
    }


def test_values_are_those_of_the_deployed_stack_and_of_the_deployment_asked_for(told: dict[str, Any]) -> None:
    edits = {(each["logical_id"], edit["path"]): edit for each in told["changes"] for edit in each["edits"]}
    name = edits["CartTable", "TableName"]
    assert (name["before"], name["after"]) == ("retail-dev-carts", "baskets")
    protection = edits["Database", "DeletionProtection"]
    assert (protection["before"], protection["after"]) == ("true", "false")


def test_what_is_guarded_in_the_account_is_what_is_guarded_in_a_revision(told: dict[str, Any]) -> None:
    assert {(each["logical_id"], each["change"]) for each in told["guarded"]} == {
        ("DatabaseSecurityGroup", "security-group"),
        ("DatabaseSecurityGroupId", "export"),
        ("CartTable", "replacement"),
        ("CartTable", "deletion-protection"),
        ("Database", "deletion-protection"),
    }


def test_a_stack_that_is_not_there_is_all_additions_of_what_its_conditions_leave(told: dict[str, Any]) -> None:
    assert set(of_stack(told, "06 events").values()) == {"create"}
    waf, cdn = (of_stack(told, stack) for stack in ("03 ingress-waf", "03 ingress"))
    assert "WebAcl" in waf.keys() - cdn.keys()
    assert "Distribution" in cdn.keys() - waf.keys()


def test_what_cloudformation_could_not_be_asked_is_said(told: dict[str, Any]) -> None:
    assert "03 ingress is not put before CloudFormation, as DomainName and HostedZoneId must be known" in told["notes"]


def test_nothing_is_executed_and_nothing_left(told: dict[str, Any], account: Account) -> None:
    assert account.change_sets() == []
    assert account.stacks() == dict.fromkeys(
        ("retail-dev-networking", "retail-dev-security", "retail-dev-data"), "CREATE_COMPLETE"
    )


@pytest.mark.slow
def test_templates_as_deployed_leave_nothing_to_change_in_what_is_there(account: Account) -> None:
    done = account.plan("--json")
    assert done.returncode == 0, done.stdout
    deployed = {"01 networking", "02 security", "05 data"}
    assert {each["stack"] for each in json.loads(done.stdout)["changes"]} & deployed == set()


@pytest.mark.slow
def test_a_change_set_that_cloudformation_refuses_is_an_error_with_its_reason(account: Account) -> None:
    path = account.checkout.directory / "out" / "05-data.yaml"
    text = path.read_text(encoding="utf-8")
    account.checkout.edit("05-data", "Type: AWS::DynamoDB::Table", "Type: AWS::NoSuch::Thing")
    try:
        done = account.plan("--json")
    finally:
        path.write_text(text, encoding="utf-8")
    assert done.returncode == 1
    [refused] = [each for each in json.loads(done.stdout)["guarded"] if each["change"] == "refused"]
    assert (refused["stack"], "AWS::NoSuch::Thing" in refused["message"]) == ("05 data", True)
    assert account.change_sets() == []


@pytest.mark.slow
def test_a_change_set_that_somebody_else_has_under_review_is_left_alone(account: Account, tmp_path: Path) -> None:
    theirs = {"StackName": "retail-staging-networking", "ChangeSetName": "theirs"}
    account.cloudformation.create_change_set(
        **theirs,
        ChangeSetType="CREATE",
        TemplateBody=(OUT / "01-networking.yaml").read_text(encoding="utf-8"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    done = account.checkout.plan("--environment", "staging", environment=account.aws.environment)
    assert done.returncode == 0, done.stderr
    assert account.stacks()["retail-staging-networking"] == "REVIEW_IN_PROGRESS"
    listed = account.cloudformation.list_change_sets(StackName="retail-staging-networking")["Summaries"]
    assert [each["ChangeSetName"] for each in listed] == ["theirs"]
    account.cloudformation.delete_stack(StackName="retail-staging-networking")


@pytest.mark.slow
def test_the_stack_policy_is_one_that_cloudformation_keeps(account: Account) -> None:
    from retail.ops.plan import read
    from retail.ops.plan.policies import body, policy

    template = read.folder(OUT)["05-data"]
    account.cloudformation.set_stack_policy(StackName="retail-dev-data", StackPolicyBody=body(template))
    kept = account.cloudformation.get_stack_policy(StackName="retail-dev-data")["StackPolicyBody"]
    assert json.loads(kept) == policy(template)
