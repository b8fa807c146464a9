"""The platform's rules for a CloudFormation Guard Hook: its own templates keep them, and each of them bites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emitted import FILES, ROOT, template

guard = pytest.importorskip("cfn_guard_rs", reason="cfn-guard has wheels for Linux on Python 3.11 and 3.12 only")

RULES = (ROOT / "retail/ops/guard/platform.guard").read_text(encoding="utf-8")

KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
PRIVATE = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}
BUCKET = {
    "BucketEncryption": {"ServerSideEncryptionConfiguration": []},
    "PublicAccessBlockConfiguration": PRIVATE,
    "VersioningConfiguration": {"Status": "Enabled"},
}
IMPORTED = {"Fn::ImportValue": {"Fn::Sub": "${Project}-${Environment}-networking-VpcCidr"}}
NO_VALUE = {"Ref": "AWS::NoValue"}
SERVICE = {"Service": "lambda.amazonaws.com"}

Resource = dict[str, Any]


def _resource(kind: str, **properties: Any) -> Resource:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def _kept(kind: str, **properties: Any) -> Resource:
    return KEPT | _resource(kind, **properties)


def _if(value: Any) -> dict[str, Any]:
    return {"Fn::If": ["IsSo", value, NO_VALUE]}


def _bucket(**changed: Any) -> Resource:
    return _kept("S3::Bucket", **{name: value for name, value in {**BUCKET, **changed}.items() if value is not None})


def _group(*ingress: dict[str, Any]) -> Resource:
    return _resource("EC2::SecurityGroup", SecurityGroupIngress=list(ingress))


def _trusting(**statement: Any) -> Resource:
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **statement}]}
    return _resource("IAM::Role", AssumeRolePolicyDocument=trust)


def _allowing(**statement: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Resource": "*", **statement}]}


def _service(**network: Any) -> Resource:
    return _resource("ECS::Service", NetworkConfiguration={"AwsvpcConfiguration": network})


def _task(mode: str | None, *containers: dict[str, Any]) -> Resource:
    named = {} if mode is None else {"NetworkMode": mode}
    return _resource("ECS::TaskDefinition", ContainerDefinitions=list(containers), **named)


READ_ONLY = {"ReadonlyRootFilesystem": True}
TRUST = _trusting(Principal=SERVICE)["Properties"]["AssumeRolePolicyDocument"]
ANYTHING = _allowing(Action="*")

BREACHES: dict[str, dict[str, Resource]] = {
    "log_groups_have_a_key_and_a_retention": {
        "no key": _kept("Logs::LogGroup", RetentionInDays=90),
        "no retention": _kept("Logs::LogGroup", KmsKeyId="key"),
        "no properties": KEPT | {"Type": "AWS::Logs::LogGroup"},
    },
    "queues_and_topics_have_a_key": {
        "queue": _kept("SQS::Queue", VisibilityTimeout=30),
        "topic": _resource("SNS::Topic", DisplayName="News"),
        "no properties": {"Type": "AWS::SNS::Topic"},
    },
    "buckets_are_encrypted_private_and_versioned": {
        **{f"no {name}": _bucket(**{name: None}) for name in BUCKET},
        **{f"no {name}": _bucket(PublicAccessBlockConfiguration={**PRIVATE, name: False}) for name in PRIVATE},
        "versioning suspended": _bucket(VersioningConfiguration={"Status": "Suspended"}),
    },
    "stateful_resources_outlive_their_stack": {
        **{
            kind: _resource(kind, KmsMasterKeyId="key")
            for kind in (
                "Backup::BackupVault",
                "DynamoDB::Table",
                "ECR::Repository",
                "KMS::Key",
                "RedshiftServerless::Namespace",
                "SecretsManager::Secret",
                "SQS::Queue",
            )
        },
        "S3::Bucket": _resource("S3::Bucket", **BUCKET),
        "Logs::LogGroup": _resource("Logs::LogGroup", KmsKeyId="key", RetentionInDays=90),
        "RDS::DBCluster": _resource("RDS::DBCluster", StorageEncrypted=True, EnableIAMDatabaseAuthentication=True),
        "deleted": _kept("KMS::Key") | {"DeletionPolicy": "Delete"},
        "replaced": _kept("KMS::Key") | {"UpdateReplacePolicy": "Delete"},
    },
    "no_security_group_admits_everybody": {
        "IPv4": _group({"CidrIp": "0.0.0.0/0"}),
        "IPv6": _group({"CidrIpv6": "::/0"}),
        "behind others": _group({"SourcePrefixListId": "pl-1"}, {"CidrIp": "10.0.0.0/16"}, {"CidrIp": "0.0.0.0/0"}),
        "under a condition": _group({"CidrIp": {"Fn::If": ["IsOpen", "0.0.0.0/0", IMPORTED]}}),
        "an ingress under a condition": _group(_if({"CidrIp": "0.0.0.0/0"})),
        "not in a list": _resource("EC2::SecurityGroup", SecurityGroupIngress={"CidrIp": "0.0.0.0/0"}),
        "IPv4 by itself": _resource("EC2::SecurityGroupIngress", CidrIp="0.0.0.0/0"),
        "IPv6 by itself": _resource("EC2::SecurityGroupIngress", CidrIpv6="::/0"),
        "by itself under a condition": _resource(
            "EC2::SecurityGroupIngress", CidrIp={"Fn::If": ["IsOpen", IMPORTED, "0.0.0.0/0"]}
        ),
    },
    "roles_trust_only_whom_they_name": {
        "everybody": _trusting(Principal="*"),
        "every account": _trusting(Principal={"AWS": "*"}),
        "every account among others": _trusting(Principal={**SERVICE, "AWS": ["arn:aws:iam::111122223333:root", "*"]}),
        "everybody but one": _trusting(NotPrincipal={"AWS": "arn:aws:iam::111122223333:root"}),
        "unsaid": _trusting(),
        "under a condition": _resource(
            "IAM::Role",
            AssumeRolePolicyDocument={"Statement": [*TRUST["Statement"], _if({"Effect": "Allow", "Principal": "*"})]},
        ),
    },
    "policies_allow_only_actions_they_name": {
        "policy": _resource("IAM::Policy", PolicyDocument=ANYTHING),
        "among others": _resource("IAM::ManagedPolicy", PolicyDocument=_allowing(Action=["s3:GetObject", "*"])),
        "of every service": _resource("IAM::ManagedPolicy", PolicyDocument=_allowing(Action="*:*")),
        "all but one": _resource("IAM::Policy", PolicyDocument=_allowing(NotAction="iam:*")),
        "not in a list": _resource("IAM::Policy", PolicyDocument={"Statement": ANYTHING["Statement"][0]}),
        "under a condition": _resource(
            "IAM::Policy", PolicyDocument={"Statement": [_if(statement) for statement in ANYTHING["Statement"]]}
        ),
        "inline under a condition": _resource(
            "IAM::Role",
            AssumeRolePolicyDocument=TRUST,
            Policies=[{"PolicyDocument": {"Statement": [_if(statement) for statement in ANYTHING["Statement"]]}}],
        ),
        "inline": _resource("IAM::Role", AssumeRolePolicyDocument=TRUST, Policies=[{"PolicyDocument": ANYTHING}]),
        "inline behind another": _resource(
            "IAM::Role",
            AssumeRolePolicyDocument=TRUST,
            Policies=[{"PolicyDocument": _allowing(Action="s3:*")}, {"PolicyDocument": ANYTHING}],
        ),
        "bucket": _resource("S3::BucketPolicy", PolicyDocument=_allowing(Action="*", Principal=SERVICE)),
        "key": _kept("KMS::Key", KeyPolicy=_allowing(Action="*", Principal=SERVICE)),
        "secret": _resource("SecretsManager::ResourcePolicy", ResourcePolicy=_allowing(Action="*", Principal=SERVICE)),
        "repository": _kept("ECR::Repository", RepositoryPolicyText=_allowing(Action="*", Principal=SERVICE)),
    },
    "containers_cannot_write_their_root": {
        "unsaid": _task("awsvpc", {"Name": "storefront"}),
        "writable": _task("awsvpc", {"ReadonlyRootFilesystem": False}),
        "beside one that cannot": _task("awsvpc", READ_ONLY, {"Name": "sidecar"}),
    },
    "tasks_have_private_addresses_of_their_own": {
        "of the host": _task("bridge", READ_ONLY),
        "mode unsaid": _task(None, READ_ONLY),
        "public": _service(AssignPublicIp="ENABLED"),
        "publicity unsaid": _service(Subnets=[]),
        "no network": _resource("ECS::Service", LaunchType="FARGATE"),
    },
    "database_clusters_are_encrypted_and_know_iam": {
        "in the clear": _kept("RDS::DBCluster", EnableIAMDatabaseAuthentication=True),
        "by password": _kept("RDS::DBCluster", StorageEncrypted=True, EnableIAMDatabaseAuthentication=False),
    },
    "database_instances_are_private": {
        "public": _resource("RDS::DBInstance", PubliclyAccessible=True),
        "unsaid": _resource("RDS::DBInstance", Engine="aurora-postgresql"),
    },
    "warehouses_stay_inside_the_vpc": {
        "public": _resource("RedshiftServerless::Workgroup", EnhancedVpcRouting=True, PubliclyAccessible=True),
        "past the VPC": _resource("RedshiftServerless::Workgroup", PubliclyAccessible=False),
    },
    "listeners_speak_https_by_a_named_policy": {
        "HTTP": _resource("ElasticLoadBalancingV2::Listener", Protocol="HTTP", SslPolicy="TLS13"),
        "unnamed": _resource("ElasticLoadBalancingV2::Listener", Protocol="HTTPS"),
    },
    "distributions_stand_behind_a_firewall": {
        "open": _resource("CloudFront::Distribution", DistributionConfig={"Enabled": True}),
    },
    "event_sources_retry_only_what_failed": {
        "unsaid": _resource("Lambda::EventSourceMapping", BatchSize=10),
        "nothing reported": _resource("Lambda::EventSourceMapping", FunctionResponseTypes=[]),
    },
}
"""By rule: what it refuses. Each stands for itself, and breaks no other rule."""

HARMLESS = {
    "a log group whose key hangs on a condition": _kept(
        "Logs::LogGroup",
        KmsKeyId=_if({"Ref": "KeyArn"}),
        RetentionInDays={"Ref": "Days"},
    ),
    "a bucket with its booleans in quotes": _bucket(PublicAccessBlockConfiguration=dict.fromkeys(PRIVATE, "true")),
    "a database kept as a snapshot": _resource(
        "RDS::DBCluster", StorageEncrypted=True, EnableIAMDatabaseAuthentication=True
    )
    | {"DeletionPolicy": "Snapshot", "UpdateReplacePolicy": "Snapshot"},
    "a security group that hears nobody": _resource("EC2::SecurityGroup", GroupDescription="Functions"),
    "a security group that speaks to everybody": _resource(
        "EC2::SecurityGroup", SecurityGroupEgress=[{"CidrIp": "0.0.0.0/0"}]
    ),
    "ingress from another group": _resource("EC2::SecurityGroupIngress", SourceSecurityGroupId={"Ref": "Other"}),
    "ingress from a range under a condition": _group({"CidrIp": _if(IMPORTED)}),
    "ingress from a range that ends with a nought": _group({"CidrIp": "10.0.0.0/20"}),
    "an ingress from another group under a condition": _group(_if({"SourceSecurityGroupId": {"Ref": "Other"}})),
    "a statement under a condition": _resource(
        "IAM::Policy", PolicyDocument={"Statement": [_if({"Effect": "Allow", "Action": "s3:GetObject"})]}
    ),
    "a role that distrusts everybody": _trusting(Effect="Deny", Principal="*"),
    "a role with two services in one statement": _trusting(
        Principal={"Service": ["a.amazonaws.com", "b.amazonaws.com"]}
    ),
    "a policy that denies every action": _resource(
        "S3::BucketPolicy", PolicyDocument=_allowing(Effect="Deny", Action="*")
    ),
    "a policy that allows every action of a service": _kept("KMS::Key", KeyPolicy=_allowing(Action=["kms:*"])),
    "a queue without a redrive policy": _kept("SQS::Queue", KmsMasterKeyId=IMPORTED),
    "a service alone": _service(AssignPublicIp="DISABLED"),
    "a task alone": _task("awsvpc", READ_ONLY),
    "a distribution whose firewall hangs on a condition": _resource(
        "CloudFront::Distribution", DistributionConfig={"WebACLId": _if(IMPORTED)}
    ),
    "something that has no properties": {"Type": "AWS::EC2::InternetGateway"},
}
"""What a hook that refused it would only stand in the way of."""


def _failing(resources: dict[str, Resource]) -> set[str]:
    report = guard.run_checks({"Resources": resources}, RULES)
    return {check.Rule.name for check in report.not_compliant}


def _breaches() -> Iterator[Any]:
    for rule, breaches in BREACHES.items():
        for name, resource in breaches.items():
            yield pytest.param(rule, resource, id=f"{rule}: {name}")


@pytest.mark.parametrize("name", FILES)
def test_an_emitted_template_keeps_every_rule(name: str) -> None:
    report = guard.run_checks(dict(template(name)), RULES)
    assert not report.not_compliant
    assert {*report.compliant, *report.not_applicable} == set(BREACHES)


@pytest.mark.parametrize(("rule", "resource"), list(_breaches()))
def test_a_rule_refuses_what_breaks_it_and_no_other_rule_does(rule: str, resource: Resource) -> None:
    assert _failing({"Broken": resource}) == {rule}


@pytest.mark.parametrize(("rule", "resource"), list(_breaches()))
def test_a_breach_does_not_hide_among_resources_that_keep_the_rule(rule: str, resource: Resource) -> None:
    alike = {
        f"{name}{logical_id}".replace("-", ""): neighbour
        for name in FILES
        for logical_id, neighbour in template(name)["Resources"].items()
        if neighbour["Type"] == resource["Type"]
    }
    assert _failing({**alike, "Broken": resource}) == {rule}


@pytest.mark.parametrize("resource", [pytest.param(resource, id=name) for name, resource in HARMLESS.items()])
def test_what_is_harmless_breaks_no_rule(resource: Resource) -> None:
    assert _failing({"Harmless": resource}) == set()


def test_every_rule_in_the_file_has_been_seen_to_bite() -> None:
    assert re.findall(r"^rule (\w+) when", RULES, re.MULTILINE) == list(BREACHES)


def test_a_stack_that_is_deleted_breaks_no_rule() -> None:
    """A hook shows no template then."""
    report = guard.run_checks({"HookContext": {"TargetType": "STACK"}}, RULES)
    assert set(report.not_applicable) == set(BREACHES)
