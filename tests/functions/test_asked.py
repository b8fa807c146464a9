"""A call is checked as AWS checks it: the action and the resource that a policy must name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from retail.local.roles.sessions import LAMBDA, Roles
from tests.functions.stage import Stage

HERE = "us-east-1:123456789012"
POLICY = {
    "ssm:GetParametersByPath": f"arn:aws:ssm:{HERE}:parameter/asked",
    "ssm:GetParameters": f"arn:aws:ssm:{HERE}:parameter/asked/*",
    "glue:GetCrawler": f"arn:aws:glue:{HERE}:crawler/asked",
    "logs:CreateLogStream": f"arn:aws:logs:{HERE}:log-group:asked:*",
    "logs:PutLogEvents": f"arn:aws:logs:{HERE}:log-group:asked:*",
    "bedrock:InvokeModel": f"arn:aws:bedrock:{HERE}:inference-profile/eu.asked",
    "sqs:DeleteMessage": f"arn:aws:sqs:{HERE}:asked",
    "sns:Publish": f"arn:aws:sns:{HERE}:asked",
}


def queue_call(name: str) -> dict[str, Any]:
    url = f"http://sqs.us-east-1.localhost/123456789012/{name}"
    return {"QueueUrl": url, "Entries": [{"Id": "0", "ReceiptHandle": "none"}]}


def topic_call(name: str) -> dict[str, Any]:
    return {"TopicArn": f"arn:aws:sns:{HERE}:{name}", "PublishBatchRequestEntries": [{"Id": "0", "Message": "m"}]}


CALLS: dict[tuple[str, str], Any] = {
    ("ssm", "get_parameters_by_path"): lambda name: {"Path": f"/{name}"},
    ("ssm", "get_parameters"): lambda name: {"Names": [f"/{name}/one"]},
    ("glue", "get_crawler"): lambda name: {"Name": name},
    ("logs", "create_log_stream"): lambda name: {"logGroupName": name, "logStreamName": "s"},
    ("logs", "put_log_events"): lambda name: {
        "logGroupName": name,
        "logStreamName": "s",
        "logEvents": [{"timestamp": 1, "message": "m"}],
    },
    ("bedrock-runtime", "converse"): lambda name: {"modelId": f"eu.{name}"},
    ("sqs", "delete_message_batch"): queue_call,
    ("sns", "publish_batch"): topic_call,
}


@pytest.fixture(scope="module")
def session(stage: Stage) -> Iterator[boto3.session.Session]:
    """A role that may call each of these on what is named asked."""
    iam = stage.deployed.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": LAMBDA}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(
        RoleName="asked", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    statements = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in POLICY.items()]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="asked", PolicyName="permissions", PolicyDocument=document)
    yield Roles(stage.aws).session(arn, LAMBDA, "asked")
    iam.delete_role_policy(RoleName="asked", PolicyName="permissions")
    iam.delete_role(RoleName="asked")


def is_denied(session: boto3.session.Session, stage: Stage, service: str, operation: str, request: Any) -> bool:
    """Whether the call is denied; what else becomes of it is of no interest."""
    try:
        getattr(session.client(service, endpoint_url=stage.aws.url), operation)(**request)
    except ClientError as error:
        return "not authorized" in str(error) or error.response["Error"]["Code"] in ("AccessDenied", "403")
    return False


@pytest.mark.parametrize(("service", "operation"), CALLS, ids=lambda word: word)
def test_a_policy_that_names_the_resource_allows_the_call_on_it_and_on_no_other(
    session: boto3.session.Session, stage: Stage, service: str, operation: str
) -> None:
    request = CALLS[service, operation]
    assert not is_denied(session, stage, service, operation, request("asked"))
    assert is_denied(session, stage, service, operation, request("other"))
