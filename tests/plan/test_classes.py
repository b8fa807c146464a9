"""Each change is classed as CloudFormation would carry it out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.small import Resources, actions, between, change, resource, template

QUEUE = resource("SQS::Queue", QueueName="orders")
GROUP = resource("EC2::SecurityGroup", GroupDescription="tasks", VpcId="vpc-1")


def only(kind: str, **properties: Any) -> Resources:
    return {"It": resource(kind, **properties)}


def endpoint(**options: str) -> Resources:
    return only("EC2::VPCEndpoint", VpcId="vpc-1", ServiceName="s3", **({"DnsOptions": options} if options else {}))


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        pytest.param({}, only("SQS::Queue"), "CREATE", id="a new resource"),
        pytest.param(only("SQS::Queue"), {}, "DELETE", id="a resource that is gone"),
        pytest.param(
            only("SQS::Queue", DelaySeconds=1), only("SQS::Queue", DelaySeconds=2), "UPDATE", id="in place"
        ),
        pytest.param(
            only("SQS::Queue", QueueName="a"), only("SQS::Queue", QueueName="b"), "REPLACE", id="create-only"
        ),
        pytest.param(only("SQS::Queue"), only("SQS::Queue", QueueName="b"), "REPLACE", id="create-only added"),
        pytest.param(
            only("DynamoDB::Table", KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}]),
            only("DynamoDB::Table", KeySchema=[{"AttributeName": "a", "KeyType": "RANGE"}]),
            "MAY_REPLACE",
            id="conditional, in an item of a list",
        ),
        pytest.param(
            endpoint(PrivateDnsPreference="ALL"), endpoint(PrivateDnsPreference="NONE"), "REPLACE", id="nested"
        ),
        pytest.param(
            endpoint(DnsRecordIpType="ipv4"), endpoint(DnsRecordIpType="ipv6"), "UPDATE", id="beside a nested one"
        ),
        pytest.param(endpoint(PrivateDnsPreference="ALL"), endpoint(), "REPLACE", id="nested, gone with its parent"),
        pytest.param(endpoint(DnsRecordIpType="ipv4"), endpoint(), "UPDATE", id="a parent gone without it"),
        pytest.param(
            only("MPA::ApprovalTeam", Policies=[{"PolicyArn": "a"}]),
            only("MPA::ApprovalTeam", Policies=[{"PolicyArn": "b"}]),
            "REPLACE",
            id="create-only in an item of a list",
        ),
        pytest.param(
            only("SQS::Queue", QueueName={"Fn::If": ["Is", "a", "b"]}),
            only("SQS::Queue", QueueName={"Fn::If": ["Is", "a", "c"]}),
            "REPLACE",
            id="one branch of a condition",
        ),
        pytest.param(
            only("SQS::Queue", QueueName="a"),
            only("SQS::Queue", QueueName={"Fn::Sub": "${Project}-a"}),
            "REPLACE",
            id="a text that became a function",
        ),
        pytest.param(
            {"It": resource("SQS::Queue", {"DeletionPolicy": "Delete"})},
            {"It": resource("SQS::Queue", {"DeletionPolicy": "Retain"})},
            "RECORD",
            id="a policy of the stack's",
        ),
        pytest.param(
            {"It": QUEUE | {"Metadata": {"why": "a"}}},
            {"It": QUEUE | {"Metadata": {"why": "b"}}},
            "RECORD",
            id="metadata",
        ),
        pytest.param(only("SQS::Queue"), only("SNS::Topic"), "REPLACE", id="another type"),
    ],
)  # fmt: skip
def test_a_change_has_the_class_that_the_schemas_give_it(before: Resources, after: Resources, action: str) -> None:
    assert actions(between(template(before), template(after))) == {"It": action}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"Fn::GetAtt": ["Key", "Arn"]}, {"Fn::GetAtt": "Key.Arn"}, id="the two forms of GetAtt"),
        pytest.param({"Fn::Sub": "${Key.Arn}"}, {"Fn::GetAtt": ["Key", "Arn"]}, id="Sub of an attribute alone"),
        pytest.param({"Fn::Sub": "${Key}"}, {"Ref": "Key"}, id="Sub of a reference alone"),
        pytest.param({"Fn::Sub": "orders"}, "orders", id="Sub of nothing"),
        pytest.param(443, "443", id="a number as text"),
        pytest.param(True, "true", id="a truth as text"),
        pytest.param(16, 16.0, id="a whole number"),
        pytest.param({"Ref": "AWS::NoValue"}, None, id="no value"),
        pytest.param(
            [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
            [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}],
            id="tags in another order",
        ),
    ],
)
def test_two_spellings_of_one_value_are_no_change(one: Any, other: Any) -> None:
    def queue(value: Any) -> Resources:
        return only("SQS::Queue", **({} if value is None else {"QueueName": value}))

    assert between(template(queue(one)), template(queue(other))).changes == ()


def test_of_a_long_list_only_the_item_that_came_is_told() -> None:
    before = [{"Action": "s3:GetObject"}, {"Action": "s3:ListBucket"}]
    after = [{"Action": "s3:GetObject"}, {"Action": "s3:PutObject"}, {"Action": "s3:ListBucket"}]
    found = between(
        template(only("SQS::QueuePolicy", PolicyDocument={"Statement": before})),
        template(only("SQS::QueuePolicy", PolicyDocument={"Statement": after})),
    )
    [edit] = change(found, "It").edits
    assert (edit.dotted, edit.after) == ("PolicyDocument.Statement[1]", {"Action": "s3:PutObject"})


def test_a_replacement_reaches_whoever_holds_the_id_of_what_is_replaced() -> None:
    def of(description: str) -> Resources:
        group = {"Fn::GetAtt": ["Group", "GroupId"]}
        return {
            "Group": GROUP | {"Properties": {"GroupDescription": description, "VpcId": "vpc-1"}},
            "Rule": resource("EC2::SecurityGroupIngress", GroupId=group, IpProtocol="tcp"),
            "Cluster": resource("RDS::DBCluster", VpcSecurityGroupIds=[{"Ref": "Group"}]),
            "Text": resource("SSM::Parameter", Type="String", Value={"Fn::Sub": "of ${Rule}"}),
            "Apart": resource("SQS::Queue"),
        }

    found = between(template(of("tasks")), template(of("the tasks")))
    assert actions(found) == {"Group": "REPLACE", "Rule": "REPLACE", "Cluster": "UPDATE", "Text": "UPDATE"}
    assert [edit.because for edit in change(found, "Text").edits] == ["Rule is replaced"]


def test_what_may_be_replaced_makes_others_perhaps_replaced_and_no_more() -> None:
    def of(kind: str) -> Resources:
        return {
            "Table": resource("DynamoDB::Table", KeySchema=[{"AttributeName": "a", "KeyType": kind}]),
            "Holder": resource("SNS::Topic", TopicName={"Ref": "Table"}),
        }

    assert actions(between(template(of("HASH")), template(of("RANGE")))) == {
        "Table": "MAY_REPLACE",
        "Holder": "MAY_REPLACE",
    }


def test_a_new_default_is_told_of_the_parameter_and_of_whatever_uses_it() -> None:
    def of(default: str) -> Any:
        uses = {"Seconds": {"Fn::Sub": "${Delay} s"}, "DelaySeconds": {"Ref": "Delay"}}
        parameters = {"Delay": {"Type": "String", "Default": default}, "Other": {"Type": "String", "Default": "x"}}
        return template(only("SQS::Queue", **uses), Parameters=parameters)

    found = between(of("1"), of("2"))
    assert [(each.name, each.before, each.after) for each in found.others] == [("Delay.Default", "1", "2")]
    assert {edit.dotted for edit in change(found, "It").edits} == {"Seconds", "DelaySeconds"}


@pytest.mark.parametrize("name", ["Project", "Environment"])
def test_a_default_that_each_deployment_overrides_changes_no_resource(name: str) -> None:
    def of(default: str) -> Any:
        parameters = {name: {"Type": "String", "Default": default}}
        return template(only("SQS::Queue", QueueName={"Fn::Sub": f"${{{name}}}-orders"}), Parameters=parameters)

    assert between(of("a"), of("b")).changes == ()


def test_a_condition_that_is_rewritten_is_told_of_whatever_hangs_on_it() -> None:
    def of(value: str) -> Any:
        conditions = {
            "Is": {"Fn::Equals": ["a", value]},
            "Both": {"Fn::And": [{"Condition": "Is"}, {"Condition": "Is"}]},
        }
        queue = resource("SQS::Queue", QueueName={"Fn::If": ["Both", "a", "b"]})
        return template({"It": queue, "Some": QUEUE | {"Condition": "Both"}}, Conditions=conditions)

    found = between(of("a"), of("b"))
    assert actions(found) == {"It": "REPLACE", "Some": "UPDATE"}
    assert [(each.section, each.name) for each in found.others] == [("condition", "Is")]


def test_the_same_resource_under_another_logical_id_is_asked_after_as_a_renaming() -> None:
    found = between(template({"Old": QUEUE}), template({"New": QUEUE}))
    assert actions(found) == {"Old": "DELETE", "New": "CREATE"}
    assert change(found, "Old").note.startswith("renamed to New?")
    assert change(found, "New").note.startswith("renamed from Old?")


def test_another_type_under_the_same_logical_id_is_refused_by_cloudformation() -> None:
    found = between(template(only("SQS::Queue")), template(only("SNS::Topic")))
    assert change(found, "It").note.startswith("CloudFormation refuses")
