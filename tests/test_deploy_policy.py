"""The policies of `make deploy-policy`: all that a deployment needs, little else, and small enough for IAM."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import json
import pkgutil
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import boto3
import botocore.session
import pytest
from botocore import xform_name

from retail.local.emulator import ACCOUNT, Emulator, emulator
from retail.local.roles import decisions
from retail.ops import destroy, drills, empty, interfaces, leftovers, protection, watch
from retail.ops import stacks as stacks_in_aws
from retail.ops.cli import InputError
from retail.ops.cost import templates
from retail.ops.deploy_policy import actions, operations, stacks
from retail.ops.deploy_policy.__main__ import documents
from retail.ops.deploy_policy.places import NAMED, UNNAMED, Place
from tests.emitted import FILES, ROOT, resources
from tests.integration.programs import checkout, run

REGION = "eu-west-1"
DEV = Place("retail", "dev", REGION, ACCOUNT)
LONGEST = Place("abcdefghijkl", "staging", "ap-southeast-2", ACCOUNT)
"""The longest names that the templates allow, in a Region with as long a name as any."""

Document = dict[str, Any]


OURS = ("retail", "mapping", "aws-service-role", "awsbackup", ":default", "OriginSecret")
"""One of these is in each ARN: a mapping has no name of its own, and RDS asks for the default groups as well."""


@cache
def policies(place: Place = DEV) -> dict[str, Document]:
    return documents(place)


def statements(document: Document) -> Iterator[tuple[list[str], list[str], Document]]:
    """Actions, resources and conditions of each statement."""
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        listed = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        on = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        yield listed, on, statement.get("Condition", {})


def allowed(document: Document) -> set[str]:
    return {action for listed, _, _ in statements(document) for action in listed}


def allows(document: Document, action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in allowed(document))


def without_white_space(document: Document) -> int:
    return len("".join(json.dumps(document).split()))


@pytest.mark.parametrize("file", FILES)
def test_every_type_of_a_stack_can_be_read_as_its_handlers_do(file: str) -> None:
    for kind in {resource["Type"] for resource in resources(file).values()}:
        for action in actions.reads_of_type(kind):
            assert allows(policies()[file], action), f"{kind}: {action}"


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("01-networking", "ec2:CreateVpc ec2:DeleteVpc ec2:CreateNatGateway ec2:AllocateAddress ec2:CreateFlowLogs"),
        (
            "01-networking",
            "ec2:CreateVpcEndpoint ec2:ModifyVpcEndpoint iam:CreateRole iam:PutRolePolicy ec2:CreateTags",
        ),
        ("01-networking", "ec2:DescribeAvailabilityZones ec2:DescribeAccountAttributes ec2:DescribeSubnets"),
        ("02-security", "kms:GenerateDataKey kms:Decrypt secretsmanager:CreateSecret"),
        ("02-security", "kms:CreateKey kms:EnableKeyRotation kms:CreateAlias secretsmanager:GetRandomPassword"),
        (
            "02-security",
            "s3:CreateBucket s3:PutBucketPolicy cloudtrail:CreateTrail sns:CreateTopic ec2:CreateSecurityGroup",
        ),
        ("03-ingress", "wafv2:CreateWebACL cloudfront:CreateDistribution acm:RequestCertificate s3:PutBucketAcl"),
        ("03-ingress", "elasticloadbalancing:CreateRule globalaccelerator:CreateAccelerator route53:GetChange"),
        (
            "03-ingress",
            "secretsmanager:GetSecretValue kms:Decrypt logs:CreateLogDelivery wafv2:PutLoggingConfiguration",
        ),
        ("03-ingress", "ec2:DescribeAccountAttributes ec2:DescribeInternetGateways ec2:DescribeSubnets"),
        ("04-application", "ecs:CreateService ecs:RegisterTaskDefinition ecr:CreateRepository ecs:UpdateService"),
        ("04-application", "application-autoscaling:RegisterScalableTarget servicediscovery:CreatePrivateDnsNamespace"),
        ("05-data", "rds:CreateDBCluster rds:CreateDBInstance rds:DeleteDBCluster rds:CreateDBClusterSnapshot"),
        (
            "05-data",
            "elasticache:CreateServerlessCache ec2:CreateVpcEndpoint dynamodb:UpdateContinuousBackups kms:CreateGrant",
        ),
        (
            "05-data",
            "s3:PutLifecycleConfiguration backup:CreateBackupPlan ssm:PutParameter secretsmanager:GetSecretValue",
        ),
        ("06-events", "lambda:CreateFunction lambda:UpdateFunctionCode lambda:CreateEventSourceMapping s3:GetObject"),
        ("06-events", "events:CreateEventBus events:CreateArchive sqs:SetQueueAttributes sns:Subscribe"),
        (
            "07-analytics",
            "glue:CreateCrawler glue:CreateJob athena:CreateWorkGroup redshift-serverless:CreateWorkgroup",
        ),
        ("07-analytics", "cloudwatch:PutDashboard iam:CreatePolicyVersion secretsmanager:CreateSecret"),
    ],
)
def test_what_makes_changes_and_deletes_the_platforms_resources_is_allowed(file: str, wanted: str) -> None:
    assert [action for action in wanted.split() if not allows(policies()[file], action)] == []


@pytest.mark.parametrize("name", ["00-programs", "00-operations", *FILES])
def test_every_action_is_one_that_iam_knows(name: str) -> None:
    for action in allowed(policies()[name]):
        assert actions.matching(action), action


@pytest.mark.parametrize("place", [DEV, LONGEST, Place("retail", "prod", "us-east-1", "*")])
def test_each_policy_fits_into_a_managed_policy_and_all_onto_one_role(place: Place) -> None:
    sizes = {name: without_white_space(document) for name, document in policies(place).items()}
    assert {name: size for name, size in sizes.items() if size > 6144} == {}
    assert len(sizes) <= 10


@pytest.mark.parametrize("name", ["00-programs", "00-operations", *FILES])
def test_any_resource_is_allowed_only_where_a_service_has_no_names_of_the_platform(name: str) -> None:
    for listed, on, _ in statements(policies()[name]):
        for action in listed:
            service = action.split(":")[0]
            if "*" not in on:
                assert all(place.startswith("arn:aws:") and any(word in place for word in OURS) for place in on)
            elif service not in UNNAMED:
                assert service in NAMED
                assert not actions.takes_resource(action), action


@pytest.mark.parametrize("name", ["00-programs", "00-operations", *FILES])
def test_wildcards_only_read_settings(name: str) -> None:
    wild = {action for action in allowed(policies(LONGEST)[name]) if "*" in action}
    assert all(action.split(":")[1] in ("Describe*", "Get*", "List*", "GetBucket*") for action in wild)
    for action in ("s3:GetObject", "dynamodb:GetItem", "logs:GetLogEvents", "lambda:GetFunction"):
        assert not any(fnmatchcase(action, pattern) for pattern in wild)


@pytest.mark.parametrize("name", ["00-programs", "00-operations", *FILES])
def test_everything_is_bound_to_the_primary_region_and_that_of_the_edge(name: str) -> None:
    for listed, _, conditions in statements(policies()[name]):
        if listed not in (["iam:PassRole"], ["globalaccelerator:*"]) and not listed[0].startswith(
            ("globalaccelerator:", "cloudformation:")
        ):
            assert conditions["StringEquals"]["aws:RequestedRegion"] == ["eu-west-1", "us-east-1"], listed


def test_buckets_are_bound_to_the_account_as_their_arns_do_not_name_it() -> None:
    seen = 0
    for document in policies().values():
        for listed, on, conditions in statements(document):
            if listed[0].startswith("s3:") and on != ["*"]:
                assert conditions["StringEqualsIfExists"]["aws:ResourceAccount"] == ACCOUNT
                assert on == ["arn:aws:s3:::retail-dev-*"]
                seen += 1
    assert seen >= 3


@pytest.mark.parametrize(
    ("name", "services"),
    [
        ("00-programs", ["ecs-tasks.amazonaws.com"]),
        ("00-operations", ["ecs-tasks.amazonaws.com"]),
        ("01-networking", ["vpc-flow-logs.amazonaws.com"]),
        ("04-application", ["ecs-tasks.amazonaws.com"]),
        ("05-data", ["backup.amazonaws.com"]),
        ("06-events", ["lambda.amazonaws.com"]),
    ],
)
def test_roles_are_handed_only_to_the_services_that_they_trust(name: str, services: list[str]) -> None:
    passing = [each for each in statements(policies()[name]) if "iam:PassRole" in each[0]]
    assert passing == [
        (
            ["iam:PassRole"],
            [f"arn:aws:iam::{ACCOUNT}:role/retail-dev-*"],
            {"StringEquals": {"iam:PassedToService": services}},
        )
    ]


@pytest.mark.parametrize("name", ["02-security", "03-ingress"])
def test_a_stack_without_roles_hands_none_over(name: str) -> None:
    assert not allows(policies()[name], "iam:PassRole")


@pytest.mark.parametrize(
    ("file", "title", "properties", "action"),
    [
        ("05-data", "CartTable", {"KinesisStreamSpecification": {}}, "dynamodb:EnableKinesisStreamingDestination"),
        ("05-data", "LakeBucket", {"ReplicationConfiguration": {}}, "s3:PutReplicationConfiguration"),
        ("06-events", "OrderProcessor", {"FileSystemConfigs": []}, "elasticfilesystem:DescribeMountTargets"),
        ("05-data", "Database", {"AssociatedRoles": []}, "rds:AddRoleToDBCluster"),
    ],
)
def test_what_a_feature_needs_is_allowed_once_a_template_uses_it(
    file: str, title: str, properties: dict[str, Any], action: str
) -> None:
    changed = copy.deepcopy(templates.emitted()[file])
    # The longest of them may not fit with everything on: a feature is asked for in a stack of its one resource.
    changed["Resources"] = {title: changed["Resources"][title]}
    assert not allows(stacks.policy(file, changed, DEV), action)
    changed["Resources"][title]["Properties"] |= properties
    assert allows(stacks.policy(file, changed, DEV), action)


@pytest.mark.parametrize("action", ["sqs:ReceiveMessage", "dynamodb:Scan", "kms:ScheduleKeyDeletion", "iam:CreateUser"])
def test_a_deployment_may_not_do_what_only_the_running_platform_or_an_administrator_does(action: str) -> None:
    deploying = policies().keys() - {"00-operations"}
    holders = [name for name in deploying if allows(policies()[name], action)]
    assert holders == (["02-security"] if action == "kms:ScheduleKeyDeletion" else [])


def test_a_type_whose_schema_tells_no_permissions_is_an_error_that_names_it() -> None:
    with pytest.raises(InputError, match="Acme::Shop::Till: its schema in cfn-lint names no permissions"):
        stacks.policy("08-till", {"Resources": {"Till": {"Type": "Acme::Shop::Till"}}}, DEV)


def written(*arguments: str, directory: Path) -> CompletedProcess[str]:
    return run("retail.ops.deploy_policy", *arguments, directory=directory, environment={})


def test_the_command_writes_one_file_for_each_policy(tmp_path: Path) -> None:
    here = checkout(tmp_path / "here")
    done = written("--environment", "dev", "--region", REGION, "--account", ACCOUNT, directory=here)
    assert done.returncode == 0, done.stderr
    files = sorted((here / "build" / "deploy-policy").iterdir())
    assert {path.stem: json.loads(path.read_text()) for path in files} == policies()


def test_the_command_prints_one_policy_when_asked_for_a_stack() -> None:
    done = written("--environment", "dev", "--region", REGION, "--account", ACCOUNT, "--stack", "06", directory=ROOT)
    assert json.loads(done.stdout) == policies()["06-events"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--environment", "test"), "--environment test: give dev, staging or prod"),
        (("--environment", "dev", "--account", "12"), "--account 12: give twelve digits"),
        (("--environment", "dev", "--stack", "00"), "--stack 00: give one of 00-programs, 00-operations, "),
        (
            ("--environment", "dev", "--stack", "9"),
            "--stack 9: give one of 00-programs, 00-operations, 01-networking, ",
        ),
    ],
)
def test_bad_input_is_told_in_one_line_and_nothing_is_written(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    here = checkout(tmp_path / "here")
    done = written(*arguments, "--region", REGION, directory=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"retail.ops.deploy_policy: {told}")
    assert done.stderr.count("\n") == 1
    assert not (here / "build").exists()


# What operating calls, read from its programs


SERVICES = (
    "backup", "cloudformation", "cloudfront", "ecr", "ecs", "elbv2", "events", "logs", "rds", "s3",
    "secretsmanager", "sqs",
)  # fmt: skip
"""Of which the drills, and what empties, have a client of boto3."""

SPELLED = {
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteObjects": "s3:DeleteObjectVersion",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
"""Where IAM calls it otherwise than the API."""


@cache
def operations_of(service: str) -> dict[str, str]:
    """A service's actions by the names of boto3's methods."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): f"{model.signing_name}:{name}" for name in model.operation_names}


def called_in(part: Any) -> set[str]:
    """The actions that a module or function calls, by boto3 or by the AWS CLI."""
    found = set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(part)))):
        match node:
            case ast.Call(func=ast.Name(id="ask" | "aws") | ast.Attribute(attr="aws"), args=[
                ast.Constant(value=str(service)), ast.Constant(value=str(command)), *_
            ]):  # fmt: skip
                found.add(operations_of(service.removesuffix("api"))[command.replace("-", "_")])
            case (
                ast.Attribute(attr=name)
                | ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(name))])
            ):
                found |= {operations_of(service)[name] for service in SERVICES if name in operations_of(service)}
    return {SPELLED.get(action, action) for action in found}


def test_what_destroy_and_the_drills_call_is_the_table_of_operations() -> None:
    drills_modules = [
        importlib.import_module(each.name) for each in pkgutil.iter_modules(drills.__path__, f"{drills.__name__}.")
    ]
    shared = [
        stacks_in_aws.describe,
        stacks_in_aws.give,
        stacks_in_aws.delete,
        stacks_in_aws.root_cause,
        protection.switch,
    ]
    parts = [destroy, empty, interfaces, leftovers, watch, *shared, *drills_modules]
    assert set().union(*map(called_in, parts)) == {action for group in operations.CALLS.values() for action in group}


# On the emulator, which decides about the calls of the programs; what CloudFormation does it does for itself there.


def client(aws: Emulator, service: str) -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
    )


SERVICE_LINKED = {"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*"}
"""The emulator asks for any resource where AWS asks for the role that is made."""


@dataclass(frozen=True)
class Deployer:
    """A role that has the policies and nothing else, and a checkout to deploy from."""

    environment: str  # the platform's
    credentials: dict[str, str]
    zone: str
    directory: Path
    record: Path

    @property
    def where(self) -> tuple[str, ...]:
        return ("--environment", self.environment, "--region", REGION)

    def destroy(self) -> CompletedProcess[str]:
        words = ("--confirm", self.environment, "--empty")
        return run("retail.ops.destroy", *self.where, *words, directory=self.directory, environment=self.credentials)

    def deploy(self, *arguments: str) -> CompletedProcess[str]:
        shop = ("--domain", "store.example.com", "--hosted-zone", self.zone)
        return run(
            "retail.ops.deploy", *self.where, *shop, *arguments, directory=self.directory, environment=self.credentials
        )

    def denied(self) -> set[str]:
        """What it was not allowed."""
        told = map(json.loads, self.record.read_text().splitlines())
        return {each["action"] for each in told if each["role"] == self.environment and not each["allowed"]}


Appoint = Callable[..., Deployer]


@pytest.fixture(scope="module")
def appoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appoint]:
    """Makes the deployer of an environment, without one of the actions if it is to lack one."""
    state = tmp_path_factory.mktemp("deployers")
    directory = checkout(state / "checkout")
    with emulator(state=state / "aws", iam=True) as aws:
        zone = client(aws, "route53").create_hosted_zone(Name="example.com", CallerReference="test")["HostedZone"]["Id"]

        def appointed(environment: str, lacking: str = "") -> Deployer:
            iam = client(aws, "iam")
            anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
            trust = {"Version": "2012-10-17", "Statement": [anybody]}
            iam.create_role(RoleName=environment, AssumeRolePolicyDocument=json.dumps(trust))
            attached = copy.deepcopy(policies(DEV._replace(environment=environment)))
            attached["emulator"] = {"Version": "2012-10-17", "Statement": [SERVICE_LINKED]}
            for name, document in attached.items():
                for statement in document["Statement"]:
                    if lacking in statement["Action"] and lacking:
                        statement["Action"].remove(lacking)
                made = iam.create_policy(PolicyName=f"{environment}-{name}", PolicyDocument=json.dumps(document))
                iam.attach_role_policy(RoleName=environment, PolicyArn=made["Policy"]["Arn"])
            role = f"arn:aws:iam::{ACCOUNT}:role/{environment}"
            session = client(aws, "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
            credentials = aws.environment | {
                "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
                "AWS_SESSION_TOKEN": session["SessionToken"],
            }
            return Deployer(
                environment, credentials, zone.rpartition("/")[2], directory, state / "aws" / decisions.NAME
            )

        yield appointed


@pytest.mark.parametrize(
    ("environment", "action"),
    [
        ("prod", "cloudformation:CreateChangeSet"),
        pytest.param("staging", "cloudformation:ExecuteChangeSet", marks=pytest.mark.slow),
    ],
)
def test_without_one_of_the_actions_a_deployment_is_denied(appoint: Appoint, environment: str, action: str) -> None:
    deployer = appoint(environment, lacking=action)
    done = deployer.deploy("--only", "01")
    assert done.returncode == 1, done.stdout + done.stderr
    assert deployer.denied() == {action}


@pytest.fixture(scope="module")
def dev(appoint: Appoint) -> Deployer:
    return appoint("dev")


def test_with_these_policies_alone_a_stack_is_deployed(dev: Deployer) -> None:
    done = dev.deploy("--only", "01")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "01 networking created" in done.stdout
    assert dev.denied() == set()


@pytest.mark.slow
def test_with_these_policies_alone_all_stacks_are_deployed(dev: Deployer) -> None:
    done = dev.deploy("--stacks-only")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "07 analytics created" in done.stdout
    assert dev.denied() == set()


def test_with_these_policies_alone_what_is_there_is_taken_down(dev: Deployer) -> None:
    done = dev.destroy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "01 networking deleted" in done.stdout
    assert dev.denied() == set()
