"""What taking the platform down and the drills call: for whoever operates it, beside the stacks' policies.

An update or deletion of a stack makes, changes and deletes its resources with the permissions of whoever asks for it,
and those stand in the stack's policy.
"""

from __future__ import annotations

from typing import Any

from retail.ops.deploy_policy.document import written
from retail.ops.deploy_policy.places import NAMED, Place
from retail.ops.deploy_policy.programs import STACK, TASK_SERVICE

NAME = "00-operations"

CALLS = {
    "the stacks, as destroy and the drills find, change and delete them": (
        "cloudformation:DescribeStacks",
        "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeStackResource",
        "cloudformation:ListStackResources",
        "cloudformation:UpdateStack",
        "cloudformation:UpdateTerminationProtection",
        "cloudformation:DeleteStack",
    ),
    "what is left of the database": ("rds:DescribeDBClusterSnapshots",),
    "what stands in the network and belongs to no stack": (
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DeleteSecurityGroup",
    ),
    "emptying": (
        "s3:ListBucketVersions",
        "s3:DeleteObjectVersion",
        "s3:DeleteBucket",
        "ecr:ListImages",
        "ecr:BatchDeleteImage",
        "backup:ListRecoveryPointsByBackupVault",
        "backup:DeleteRecoveryPoint",
    ),
    "redrive": (
        "sqs:ReceiveMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
        "sqs:DeleteMessage",
        "events:PutEvents",
    ),
    "replay": (
        "events:DescribeArchive",
        "events:DescribeEventBus",
        "events:DescribeRule",
        "events:ListReplays",
        "events:StartReplay",
        "events:DescribeReplay",
        "sqs:GetQueueAttributes",
    ),
    "the shop's state, counted by a task": (
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:RunTask",
        "ecs:DescribeTasks",
        "logs:FilterLogEvents",
    ),
    "rotate": (
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
        "elasticloadbalancing:DescribeRules",
        "cloudfront:GetDistribution",
    ),
    "restore": (
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
        "rds:RestoreDBClusterToPointInTime",
        "rds:RestoreDBClusterFromSnapshot",
        "rds:CreateDBInstance",
        "rds:ModifyDBCluster",
        "rds:ModifyDBInstance",
        "rds:RemoveTagsFromResource",
    ),
    "rollback": (
        "cloudformation:CancelUpdateStack",
        "ecs:ListTaskDefinitionFamilies",
        "ecs:ListTaskDefinitions",
        "ecr:DescribeRepositories",
        "ecr:DescribeImages",
    ),
}
"""By what it is for."""

IN_TURN = (
    "rds:AddTagsToResource",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
)
"""What AWS asks for besides, as these calls tag what they make, or read and write under the key."""

OPERATED = {
    **NAMED,
    "cloudformation": (f"{STACK}/*",),
    "events": (*NAMED["events"], "arn:aws:events:*:{account}:replay/{prefix}-*"),
    "rds": (
        *NAMED["rds"],
        "arn:aws:rds:*:{account}:cluster-snapshot:awsbackup:*",
    ),
    "secretsmanager": ("arn:aws:secretsmanager:*:{account}:secret:OriginSecret-*",),
}
"""The ARNs of what has a name: that of a backup's snapshot and of the header's secret too."""


def policy(place: Place) -> dict[str, Any]:
    """The policy document. Raises InputError if it is too long."""
    calls = {action for group in CALLS.values() for action in group}
    return written(NAME, calls | {*IN_TURN}, {TASK_SERVICE}, place, (), OPERATED)
