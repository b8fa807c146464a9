"""The local CloudFormation refuses what AWS refuses, and rolls back as AWS does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.conftest import Deployer


def template(resources: dict[str, Any] | None = None, **outputs: dict[str, Any]) -> str:
    return json.dumps(
        {
            "Parameters": {"Value": {"Type": "String", "Default": "first"}},
            "Resources": resources
            or {
                "Setting": {
                    "Type": "AWS::SSM::Parameter",
                    "Properties": {
                        "Type": "String",
                        "Name": {"Fn::Sub": "/${AWS::StackName}/setting"},
                        "Value": {"Ref": "Value"},
                    },
                }
            },
            "Outputs": outputs,
        }
    )


def exported(name: str) -> dict[str, Any]:
    return {"Value": {"Ref": "Value"}, "Export": {"Name": name}}


def importing(name: str) -> str:
    return template(
        {
            "Setting": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {
                    "Type": "String",
                    "Name": {"Fn::Sub": "/${AWS::StackName}/setting"},
                    "Value": {"Fn::ImportValue": name},
                },
            }
        }
    )


@pytest.fixture(scope="module")
def wired(deployer: Deployer) -> Deployer:
    """An exporter, and an importer of one of its two exports."""
    assert deployer.create("exporter", template(Used=exported("used"), Spare=exported("spare"))) == "CREATE_COMPLETE"
    assert deployer.create("importer", importing("used")) == "CREATE_COMPLETE"
    return deployer


def test_an_export_in_use_cannot_change(wired: Deployer) -> None:
    changed = template(Used=exported("used"), Spare=exported("spare"))
    assert wired.update("exporter", changed, Value="second") == "UPDATE_ROLLBACK_COMPLETE"
    assert wired.failures("exporter")["exporter"] == "Export used cannot be updated as it is in use by importer"
    assert wired.outputs("exporter")["Used"] == "first"


def test_an_export_in_use_cannot_go(wired: Deployer) -> None:
    assert wired.update("exporter", template(Spare=exported("spare"))) == "UPDATE_ROLLBACK_COMPLETE"
    assert wired.failures("exporter")["exporter"] == "Export used cannot be deleted as it is in use by importer"


def test_an_export_that_nobody_uses_can_go_and_its_name_is_free_again(wired: Deployer) -> None:
    assert wired.update("exporter", template(Used=exported("used"))) == "UPDATE_COMPLETE"
    assert wired.create("heir", template(Spare=exported("spare"))) == "CREATE_COMPLETE"


def test_an_export_name_belongs_to_one_stack(wired: Deployer) -> None:
    assert wired.create("rival", template(Used=exported("used"))) == "ROLLBACK_COMPLETE"
    assert "Export with name used is already exported by stack exporter." in wired.failures("rival").values()


def test_an_exporter_in_use_cannot_be_deleted(wired: Deployer) -> None:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError, match="Export used is imported by stack importer"):
        wired.delete("exporter")


def test_an_import_under_a_false_condition_holds_nothing(deployer: Deployer) -> None:
    body = json.loads(importing("held"))
    body["Conditions"] = {"Never": {"Fn::Equals": ["a", "b"]}}
    body["Resources"]["Setting"]["Condition"] = "Never"
    body["Resources"]["Other"] = {
        "Type": "AWS::SNS::Topic",
        "Properties": {"DisplayName": {"Fn::If": ["Never", {"Fn::ImportValue": "held"}, "topic"]}},
    }
    assert deployer.create("holder", template(Held=exported("held"))) == "CREATE_COMPLETE"
    assert deployer.create("free", json.dumps(body)) == "CREATE_COMPLETE", deployer.failures("free")
    assert deployer.delete("holder") == "DELETE_COMPLETE"


def test_roles_need_a_capability(deployer: Deployer) -> None:
    from botocore.exceptions import ClientError

    role = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "named", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
        }
    }
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        deployer.cloudformation.create_stack(StackName="roles", TemplateBody=template(role))


def test_a_cloudfront_web_acl_belongs_in_us_east_1(boto: Callable[..., Any]) -> None:
    acl = {
        "Acl": {
            "Type": "AWS::WAFv2::WebACL",
            "Properties": {
                "Scope": "CLOUDFRONT",
                "DefaultAction": {"Allow": {}},
                "VisibilityConfig": {
                    "CloudWatchMetricsEnabled": True,
                    "MetricName": "m",
                    "SampledRequestsEnabled": True,
                },
            },
        }
    }
    elsewhere, edge = (Deployer(boto("cloudformation", region)) for region in ("eu-west-1", "us-east-1"))
    assert elsewhere.create("acl", template(acl)) == "ROLLBACK_COMPLETE"
    assert "The scope is not valid" in elsewhere.failures("acl")["Acl"]
    assert edge.create("acl", template(acl)) == "CREATE_COMPLETE"


def test_a_bucket_that_is_not_empty_stays(deployer: Deployer, boto: Callable[..., Any]) -> None:
    deployer.create("lake", template({"Lake": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full-lake"}}}))
    boto("s3").put_object(Bucket="full-lake", Key="order.json", Body=b"{}")
    assert deployer.delete("lake") == "DELETE_FAILED"
    assert "not empty" in deployer.failures("lake")["Lake"]
    boto("s3").delete_object(Bucket="full-lake", Key="order.json")
    assert deployer.delete("lake") == "DELETE_COMPLETE"


PROTECTED = {
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "DeletionProtectionEnabled": True,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        },
    },
    "LoadBalancer": {
        "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "Properties": {"LoadBalancerAttributes": [{"Key": "deletion_protection.enabled", "Value": "true"}]},
    },
    "Cluster": {
        "Type": "AWS::RDS::DBCluster",
        "DeletionPolicy": "Delete",
        "Properties": {
            "Engine": "aurora-postgresql",
            "MasterUsername": "retail",
            "MasterUserPassword": "not-a-secret",
            "DeletionProtection": True,
        },
    },
}


@pytest.mark.parametrize("name", PROTECTED)
def test_what_is_protected_cannot_be_deleted(deployer: Deployer, name: str) -> None:
    deployer.create(f"protected-{name}", template({name: PROTECTED[name]}))
    assert deployer.delete(f"protected-{name}") == "DELETE_FAILED"
    assert "protect" in deployer.failures(f"protected-{name}")[name].lower()


# One property value that AWS refuses, in a stack that was going well: how a test makes a resource fail on purpose.
NETWORK = """
Parameters:
  Cidr: {Type: String}
  Description: {Type: String, Default: before}
Resources:
  First: {Type: AWS::SNS::Topic, Properties: {TopicName: rollback, DisplayName: !Ref Description}}
  Vpc: {Type: AWS::EC2::VPC, DependsOn: First, Properties: {CidrBlock: 10.0.0.0/16}}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref Vpc, GroupDescription: g}}
  Rule:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref Group, IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: !Ref Cidr}
"""


def test_a_failing_create_leaves_nothing_and_names_the_culprit(deployer: Deployer, boto: Callable[..., Any]) -> None:
    assert deployer.create("create-fails", NETWORK, Cidr="10.0.0.1/16") == "ROLLBACK_COMPLETE"
    assert "CIDR block 10.0.0.1/16 is malformed" in deployer.failures("create-fails")["Rule"]
    assert not [topic for topic in boto("sns").list_topics()["Topics"] if topic["TopicArn"].endswith(":rollback")]


def test_a_failing_update_puts_the_old_values_back(deployer: Deployer, boto: Callable[..., Any]) -> None:
    assert deployer.create("update-fails", NETWORK, Cidr="10.0.0.0/16") == "CREATE_COMPLETE"
    assert deployer.update("update-fails", NETWORK, Cidr="nonsense", Description="after") == "UPDATE_ROLLBACK_COMPLETE"
    assert "nonsense" in deployer.failures("update-fails")["Rule"]
    topic = boto("sns").get_topic_attributes(TopicArn=deployer.refs("update-fails")["First"])
    assert topic["Attributes"]["DisplayName"] == "before"


def test_a_half_done_update_is_undone_too(deployer: Deployer, boto: Callable[..., Any]) -> None:
    def bucket(algorithm: str, status: str) -> str:
        encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}
        rule = {"Id": "Old", "Status": status, "ExpirationInDays": 1}
        properties = {
            "BucketName": "half-done",
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
            "LifecycleConfiguration": {"Rules": [rule]},
        }
        return template({"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}})

    assert deployer.create("half-done", bucket("AES256", "Enabled")) == "CREATE_COMPLETE"
    assert deployer.update("half-done", bucket("aws:kms", "On")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "PutBucketLifecycleConfiguration" in deployer.failures("half-done")["Bucket"]
    found = boto("s3").get_bucket_encryption(Bucket="half-done")["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert found["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_a_refused_property_names_its_place(deployer: Deployer) -> None:
    address = {"Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domian": "vpc"}}}
    assert deployer.create("typo", template(address)) == "ROLLBACK_COMPLETE"
    assert "extraneous key [Domian] is not permitted" in deployer.failures("typo")["Address"]
