"""What the deployment's own programs call, whichever stack it is for."""

from __future__ import annotations

from typing import Any

from retail.ops.deploy_policy.document import written
from retail.ops.deploy_policy.places import Place

NAME = "00-programs"

STACK = "arn:aws:cloudformation:*:{account}:stack/{prefix}-*"

CALLS = {
    "change sets, and the state of the stacks": (
        "cloudformation:CreateChangeSet",
        "cloudformation:DescribeChangeSet",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:DeleteChangeSet",
        "cloudformation:DescribeStacks",
        "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeEvents",
        "cloudformation:GetTemplate",
        "cloudformation:GetTemplateSummary",
    ),
    "what is left of a failed creation": ("cloudformation:DeleteStack",),
    "the line that the stack policies hold": (
        "cloudformation:SetStackPolicy",
        "cloudformation:GetStackPolicy",
        "cloudformation:UpdateTerminationProtection",
    ),
    "the image": (
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:InitiateLayerUpload",
        "ecr:UploadLayerPart",
        "ecr:CompleteLayerUpload",
        "ecr:PutImage",
    ),
    "the code": ("s3:ListBucket", "s3:PutObject", "kms:GenerateDataKey", "kms:Decrypt"),
    "migrations, as a task": (
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:RunTask",
        "ecs:DescribeTasks",
        "logs:GetLogEvents",
    ),
    "the external schema of the warehouse": (
        "redshift-serverless:GetNamespace",
        "redshift-data:ExecuteStatement",
        "redshift-data:BatchExecuteStatement",
        "redshift-data:DescribeStatement",
        "secretsmanager:GetSecretValue",
    ),
    "the questions before the first stack": ("route53:GetHostedZone", "ec2:DescribeManagedPrefixLists"),
    "the service-linked roles": ("iam:CreateServiceLinkedRole",),
}
"""By what it is for."""

TASK_SERVICE = "ecs-tasks.amazonaws.com"
"""To which whoever starts a task hands its roles."""


def policy(place: Place) -> dict[str, Any]:
    """The policy document."""
    calls = {action for group in CALLS.values() for action in group}
    stacks = {action for action in calls if action.startswith("cloudformation:")}
    more = {
        "Effect": "Allow",
        "Action": sorted(stacks),
        "Resource": STACK.format(account=place.account, prefix=place.prefix) + "/*",
    }
    return written(NAME, calls - stacks, {TASK_SERVICE}, place, [more])
