"""What a deployment may not do unasked is found, and its message says why and what becomes of the data."""

from __future__ import annotations

from typing import Any

import pytest

from retail.ops.plan.difference import difference
from retail.ops.plan.guards import KINDS, findings
from retail.ops.plan.watched import WATCHED
from tests.plan.small import Resources, between, guarded, resource, template

KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
SNAPSHOT = {"DeletionPolicy": "Snapshot", "UpdateReplacePolicy": "Snapshot"}
PRIVATE = {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True}
KEY = {"Fn::ImportValue": "security-KeyArn"}
REDRIVE = {"deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}, "maxReceiveCount": 3}
PLAN = {"RuleName": "daily", "Lifecycle": {"DeleteAfterDays": 35}, "EnableContinuousBackup": True}


def one(kind: str, **properties: Any) -> Resources:
    return {"It": resource(kind, **properties)}


def kept(kind: str, **properties: Any) -> Resources:
    return {"It": resource(kind, KEPT, **properties)}


def encrypted(**by: Any) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": [{"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": by}]}


def bucket(**properties: Any) -> Resources:
    return kept("S3::Bucket", **properties)


def attribute(value: str) -> list[dict[str, str]]:
    return [{"Key": "idle_timeout", "Value": "60"}, {"Key": "deletion_protection.enabled", "Value": value}]


def backup(**rule: Any) -> Resources:
    return one("Backup::BackupPlan", BackupPlan={"BackupPlanRule": [rule] if rule else []})


def expiring(**rule: Any) -> Resources:
    return bucket(LifecycleConfiguration={"Rules": [{"Id": "a", **rule}]})


def ingress(address: Any) -> Resources:
    return one("EC2::SecurityGroupIngress", CidrIp=address)


def inline(address: Any) -> Resources:
    return one("EC2::SecurityGroup", SecurityGroupIngress=[{"CidrIp": address}])


CASES: list[tuple[str, str, Resources, Resources]] = [
    ("replacement", "a named table", kept("DynamoDB::Table", TableName="a"), kept("DynamoDB::Table", TableName="b")),
    ("replacement", "perhaps", kept("DynamoDB::Table", KeySchema=["a"]), kept("DynamoDB::Table", KeySchema=["b"])),
    ("replacement", "known by its type", one("S3::Bucket", BucketName="a"), one("S3::Bucket", BucketName="b")),
    ("replacement", "known by its policy", kept("SNS::Topic", TopicName="a"), kept("SNS::Topic", TopicName="b")),
    ("removal", "kept", kept("S3::Bucket"), {}),
    ("removal", "another logical id", kept("S3::Bucket"), {"Other": resource("S3::Bucket", KEPT)}),
    ("removal", "unkept", one("Kinesis::Stream"), {}),
    ("type", "another type", kept("S3::Bucket"), kept("SQS::Queue")),
    ("condition", "new", kept("S3::Bucket"), {"It": resource("S3::Bucket", {**KEPT, "Condition": "Is"})}),
    ("deletion-policy", "lost", kept("S3::Bucket"), one("S3::Bucket")),
    ("deletion-policy", "on replacement",
     kept("S3::Bucket"), {"It": resource("S3::Bucket", {**KEPT, "UpdateReplacePolicy": "Delete"})}),
    ("security-group", "description",
     one("EC2::SecurityGroup", GroupDescription="a"), one("EC2::SecurityGroup", GroupDescription="a.")),
    ("security-group", "name", one("EC2::SecurityGroup", GroupName="a"), one("EC2::SecurityGroup")),
    ("secret", "its template",
     kept("SecretsManager::Secret", GenerateSecretString={"PasswordLength": 32}),
     kept("SecretsManager::Secret", GenerateSecretString={"PasswordLength": 40})),
    ("secret", "a new exclusion",
     kept("SecretsManager::Secret", GenerateSecretString={}),
     kept("SecretsManager::Secret", GenerateSecretString={"ExcludePunctuation": True})),
    ("encryption", "another key",
     kept("SQS::Queue", KmsMasterKeyId=KEY), kept("SQS::Queue", KmsMasterKeyId="alias/aws/sqs")),
    ("encryption", "no key", kept("Logs::LogGroup", KmsKeyId=KEY), kept("Logs::LogGroup")),
    ("encryption", "none at all",
     kept("RDS::DBCluster", StorageEncrypted=True), kept("RDS::DBCluster", StorageEncrypted=False)),
    ("encryption", "of a bucket", bucket(BucketEncryption=encrypted(SSEAlgorithm="aws:kms")), bucket()),
    ("encryption", "another algorithm",
     bucket(BucketEncryption=encrypted(SSEAlgorithm="aws:kms")),
     bucket(BucketEncryption=encrypted(SSEAlgorithm="AES256"))),
    ("encryption", "of a table",
     kept("DynamoDB::Table", SSESpecification={"SSEEnabled": True}), kept("DynamoDB::Table")),
    ("encryption", "of a bus", one("Events::EventBus", KmsKeyIdentifier=KEY), one("Events::EventBus")),
    ("encryption", "of a crawler", one("Glue::Crawler", CrawlerSecurityConfiguration="a"), one("Glue::Crawler")),
    ("encryption", "rotation", kept("KMS::Key", EnableKeyRotation=True), kept("KMS::Key", EnableKeyRotation=False)),
    ("encryption", "a disabled key", kept("KMS::Key", Enabled=True), kept("KMS::Key", Enabled=False)),
    ("encryption", "the alias", one("KMS::Alias", TargetKeyId="a"), one("KMS::Alias", TargetKeyId="b")),
    ("deletion-protection", "of a database", one("RDS::DBCluster", DeletionProtection=True), one("RDS::DBCluster")),
    ("deletion-protection", "of a table",
     one("DynamoDB::Table", DeletionProtectionEnabled="true"),
     one("DynamoDB::Table", DeletionProtectionEnabled=False)),
    ("deletion-protection", "of a load balancer",
     one("ElasticLoadBalancingV2::LoadBalancer", LoadBalancerAttributes=attribute("true")),
     one("ElasticLoadBalancingV2::LoadBalancer", LoadBalancerAttributes=attribute("false"))),
    ("recovery", "to a second",
     one("DynamoDB::Table", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}),
     one("DynamoDB::Table")),
    ("recovery", "fewer days",
     one("RDS::DBCluster", BackupRetentionPeriod=7), one("RDS::DBCluster", BackupRetentionPeriod=1)),
    ("recovery", "days unsaid", one("RDS::DBCluster", BackupRetentionPeriod=7), one("RDS::DBCluster")),
    ("recovery", "versions",
     bucket(VersioningConfiguration={"Status": "Enabled"}), bucket(VersioningConfiguration={"Status": "Suspended"})),
    ("recovery", "of the cache",
     one("ElastiCache::ServerlessCache", SnapshotRetentionLimit=7), one("ElastiCache::ServerlessCache")),
    ("recovery", "younger points", backup(**PLAN), backup(**PLAN | {"Lifecycle": {"DeleteAfterDays": 7}})),
    ("recovery", "not continuous", backup(**PLAN), backup(**PLAN | {"EnableContinuousBackup": False})),
    ("recovery", "a rule less", backup(RuleName="daily"), backup()),
    ("recovery", "no plan", backup(**PLAN), {}),
    ("recovery", "a selection less",
     one("Backup::BackupSelection", BackupSelection={"Resources": ["a", "b"]}),
     one("Backup::BackupSelection", BackupSelection={"Resources": ["a"]})),
    ("public-access", "one switch",
     bucket(PublicAccessBlockConfiguration=PRIVATE),
     bucket(PublicAccessBlockConfiguration=PRIVATE | {"BlockPublicPolicy": False})),
    ("public-access", "the whole block", bucket(PublicAccessBlockConfiguration=PRIVATE), bucket()),
    ("public-access", "a public warehouse",
     one("RedshiftServerless::Workgroup", PubliclyAccessible=False),
     one("RedshiftServerless::Workgroup", PubliclyAccessible=True)),
    ("public-access", "a new public instance", {}, one("RDS::DBInstance", PubliclyAccessible=True)),
    ("public-access", "a balancer",
     one("ElasticLoadBalancingV2::LoadBalancer", Scheme="internal"),
     one("ElasticLoadBalancingV2::LoadBalancer", Scheme="internet-facing")),
    ("public-access", "a rule", ingress("10.0.0.0/16"), ingress("0.0.0.0/0")),
    ("public-access", "a new rule", {}, ingress("0.0.0.0/0")),
    ("public-access", "by IPv6", {}, one("EC2::SecurityGroupIngress", CidrIpv6="::/0")),
    ("public-access", "under a condition",
     ingress("10.0.0.0/16"), ingress({"Fn::If": ["Is", "0.0.0.0/0", "10.0.0.0/16"]})),
    ("public-access", "a group's own rule", inline("10.0.0.0/16"), inline("0.0.0.0/0")),
    ("retention", "of logs", kept("Logs::LogGroup", RetentionInDays=90), kept("Logs::LogGroup", RetentionInDays=30)),
    ("retention", "that was for ever", kept("Logs::LogGroup"), kept("Logs::LogGroup", RetentionInDays=3653)),
    ("retention", "of the archive",
     kept("Events::Archive", RetentionDays=90), kept("Events::Archive", RetentionDays=30)),
    ("retention", "of dead letters", kept("SQS::Queue", MessageRetentionPeriod=1209600), kept("SQS::Queue")),
    ("retention", "of objects", expiring(ExpirationInDays=90), expiring(ExpirationInDays=30)),
    ("retention", "of old versions", expiring(), expiring(NoncurrentVersionExpiration={"NoncurrentDays": 30})),
    ("redrive", "of a queue", kept("SQS::Queue", RedrivePolicy=REDRIVE), kept("SQS::Queue")),
    ("redrive", "of a rule's target",
     one("Events::Rule", Targets=[{"Id": "a", "DeadLetterConfig": {"Arn": "b"}}]),
     one("Events::Rule", Targets=[{"Id": "a"}])),
    ("redrive", "of a subscription", one("SNS::Subscription", RedrivePolicy=REDRIVE), one("SNS::Subscription")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "what", "before", "after"), CASES, ids=[f"{k}: {w}" for k, w, *_ in CASES])
def test_a_guarded_change_is_found(kind: str, what: str, before: Resources, after: Resources) -> None:
    assert ("It", kind) in guarded(between(template(before), template(after)))


EITHER_WAY = {"replacement", "type", "secret", "security-group"}
ANOTHER = {"another key", "another algorithm", "the alias"}
"""The cases that are as bad backwards."""


@pytest.mark.parametrize(("kind", "what", "before", "after"), CASES, ids=[f"{k}: {w}" for k, w, *_ in CASES])
def test_the_way_back_passes_where_it_only_makes_things_safer(
    kind: str, what: str, before: Resources, after: Resources
) -> None:
    found = guarded(between(template(after), template(before)))
    assert (("It", kind) in found) is (kind in EITHER_WAY or what in ANOTHER)


def test_every_kind_of_watched_property_has_a_case() -> None:
    assert {kind for kind, *_ in CASES} == set(KINDS) - {"export"} >= {each.kind for each in WATCHED}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(one("SNS::Topic", TopicName="a"), one("SNS::Topic", TopicName="b"), id="nothing held"),
        pytest.param(one("SNS::Topic"), {}, id="nothing held and removed"),
        pytest.param(
            one("RDS::DBInstance", DBClusterIdentifier="a", Engine="x"), {}, id="an Aurora instance holds nothing"
        ),
        pytest.param(
            bucket(BucketEncryption=encrypted()),
            bucket(BucketEncryption={"ServerSideEncryptionConfiguration": [{"BucketKeyEnabled": False}]}),
            id="a bucket key saves calls only",
        ),
        pytest.param(
            kept("KMS::Key", KeyPolicy={"Condition": {"StringLike": {"kms:EncryptionContext:a": "b"}}}),
            kept("KMS::Key", KeyPolicy={"Condition": {"StringLike": {"kms:EncryptionContext:a": "c"}}}),
            id="a condition of a policy",
        ),
        pytest.param(
            one("EC2::SecurityGroupEgress", CidrIp="10.0.0.0/16"),
            one("EC2::SecurityGroupEgress", CidrIp="0.0.0.0/0"),
            id="the way out",
        ),
        pytest.param(kept("Logs::LogGroup", RetentionInDays=30), kept("Logs::LogGroup"), id="logs for ever"),
        pytest.param(
            one("Events::Rule", Targets=[{"Id": "a", "DeadLetterConfig": {"Arn": "b"}}, {"Id": "c"}]),
            one("Events::Rule", Targets=[{"Id": "c"}]),
            id="dead letters that go with their target",
        ),
        pytest.param(
            kept("S3::Bucket"),
            {"It": resource("S3::Bucket", {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"})},
            id="kept otherwise",
        ),
    ],
)
def test_what_harms_nothing_passes(before: Resources, after: Resources) -> None:
    assert guarded(between(template(before), template(after))) == {}


def test_a_replacement_says_what_stays_and_that_nothing_is_copied() -> None:
    def of(name: str) -> Resources:
        return {"It": resource("RDS::DBCluster", SNAPSHOT, DatabaseName=name)}

    message = guarded(between(template(of("retail")), template(of("shop"))))["It", "replacement"]
    assert message == (
        "DatabaseName cannot be changed in place: CloudFormation makes a new, empty one; of the old one, with the "
        "database, a snapshot stays and the rest is deleted. Nothing is copied from the old one to the new one"
    )


def test_a_replacement_under_a_name_that_stays_says_that_it_would_even_fail() -> None:
    def of(subnets: str) -> Resources:
        return kept("RDS::DBCluster", DBClusterIdentifier="retail-dev", DBSubnetGroupName=subnets)

    message = guarded(between(template(of("a")), template(of("b"))))["It", "replacement"]
    assert message.endswith('It would even fail: DBClusterIdentifier "retail-dev" is taken until the old one goes')


def test_a_removal_goes_by_the_policy_of_the_template_that_is_deployed() -> None:
    stays = guarded(between(template(kept("S3::Bucket")), template({})))["It", "removal"]
    goes = guarded(between(template(one("S3::Bucket")), template({})))["It", "removal"]
    assert stays.startswith("the old one, with the objects, stays in the account")
    assert goes == "the old one is deleted, and with it the objects"


def test_a_default_that_switches_protection_off_is_guarded() -> None:
    def of(default: str) -> Any:
        parameters = {"Protect": {"Type": "String", "Default": default}}
        return template(one("RDS::DBCluster", DeletionProtection={"Ref": "Protect"}), Parameters=parameters)

    assert ("It", "deletion-protection") in guarded(between(of("true"), of("false")))
    assert guarded(between(of("false"), of("true"))) == {}


# Exports

VPC = {"Fn::Sub": "${Project}-${Environment}-networking-VpcId"}


def exporter(cidr: str = "10.0.0.0/16", value: Any = None, title: str = "VpcId") -> Any:
    outputs = {title: {"Value": value or {"Ref": "Vpc"}, "Export": {"Name": VPC}}} if title else {}
    return template({"Vpc": resource("EC2::VPC", CidrBlock=cidr)}, Outputs=outputs)


IMPORTER = template(
    {
        "Group": resource("EC2::SecurityGroup", GroupDescription="a", VpcId={"Fn::ImportValue": VPC}),
        "Rule": resource("EC2::SecurityGroupIngress", GroupId={"Fn::GetAtt": ["Group", "GroupId"]}),
    }
)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        pytest.param(exporter(cidr="10.1.0.0/16"), "Vpc is replaced", id="what it names is replaced"),
        pytest.param(exporter(value={"Fn::GetAtt": ["Vpc", "CidrBlock"]}), "its value is another", id="another value"),
        pytest.param(exporter(title=""), "it is taken away", id="taken away"),
    ],
)
def test_an_export_in_use_may_neither_change_nor_go(after: Any, words: str) -> None:
    found = difference(
        {"01 networking": exporter(), "02 security": IMPORTER}, {"01 networking": after, "02 security": IMPORTER}
    )
    [export] = [each for each in findings(found) if each.kind == "export"]
    assert (export.stack, export.logical_id) == ("01 networking", "VpcId")
    assert export.message.startswith(f"{words}, and 02 security imports it: CloudFormation refuses")


def test_an_export_that_nobody_imports_may_go() -> None:
    assert findings(difference({"01 networking": exporter()}, {"01 networking": exporter(title="")})) == []


def test_an_export_under_another_title_is_the_same_export() -> None:
    before, after = (
        {"01 networking": exporter(), "02 security": IMPORTER},
        {"01 networking": exporter(title="Vpc"), "02 security": IMPORTER},
    )
    assert findings(difference(before, after)) == []


def test_a_changed_export_replaces_what_the_importers_made_of_it() -> None:
    found = difference(
        {"01 networking": exporter(), "02 security": IMPORTER},
        {"01 networking": exporter(cidr="10.1.0.0/16"), "02 security": IMPORTER},
    )
    told = {each.logical_id: (each.action.name, each.edits[0].because) for each in found.changes}
    assert told == {
        "Vpc": ("REPLACE", ""),
        "Group": ("REPLACE", "export VpcId of 01 networking changes"),
        "Rule": ("REPLACE", "Group is replaced"),
    }
