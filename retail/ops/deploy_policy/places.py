"""Which resources of a service are the platform's: the names by which a policy can be narrowed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Place(NamedTuple):
    """Where a platform stands."""

    project: str
    environment: str
    region: str
    account: str  # * for any

    @property
    def prefix(self) -> str:
        """What its names begin with; CloudFormation's own begin with the stack's, and so with this."""
        return f"{self.project}-{self.environment}"


NAMED = {
    "athena": ("arn:aws:athena:*:{account}:workgroup/{prefix}",),
    "cloudtrail": ("arn:aws:cloudtrail:*:{account}:trail/{prefix}-*",),
    "cloudwatch": (
        "arn:aws:cloudwatch:*:{account}:alarm:{prefix}-*",
        "arn:aws:cloudwatch::{account}:dashboard/{prefix}",
    ),
    "dynamodb": ("arn:aws:dynamodb:*:{account}:table/{prefix}-*",),
    "ecr": ("arn:aws:ecr:*:{account}:repository/{prefix}-*",),
    "ecs": (
        "arn:aws:ecs:*:{account}:cluster/{prefix}",
        "arn:aws:ecs:*:{account}:service/{prefix}/*",
        "arn:aws:ecs:*:{account}:service-deployment/{prefix}/*",
        "arn:aws:ecs:*:{account}:service-revision/{prefix}/*",
        "arn:aws:ecs:*:{account}:task-definition/{prefix}-*",
        "arn:aws:ecs:*:{account}:task/{prefix}/*",
    ),
    "elasticache": (
        "arn:aws:elasticache:*:{account}:serverlesscache:{prefix}-*",
        "arn:aws:elasticache:*:{account}:user:{prefix}-*",
        "arn:aws:elasticache:*:{account}:usergroup:{prefix}-*",
    ),
    "events": (
        "arn:aws:events:*:{account}:archive/{prefix}-*",
        "arn:aws:events:*:{account}:event-bus/{prefix}-*",
        "arn:aws:events:*:{account}:rule/{prefix}-*",
    ),
    "iam": ("arn:aws:iam::{account}:role/{prefix}-*", "arn:aws:iam::{account}:policy/{prefix}-*"),
    "lambda": ("arn:aws:lambda:*:{account}:function:{prefix}-*", "arn:aws:lambda:*:{account}:event-source-mapping:*"),
    "logs": ("arn:aws:logs:*:{account}:log-group:*{prefix}*",),
    "rds": (
        "arn:aws:rds:*:{account}:cluster*:{prefix}*",  # parameter groups and snapshots of clusters too
        "arn:aws:rds:*:{account}:db:{prefix}-*",
        "arn:aws:rds:*:{account}:subgrp:{prefix}-*",
        "arn:aws:rds:*:{account}:?g:default*",  # the option and parameter group that an instance is made with
    ),
    "s3": ("arn:aws:s3:::{prefix}-*",),
    "sns": ("arn:aws:sns:*:{account}:{prefix}-*",),
    "sqs": ("arn:aws:sqs:*:{account}:{prefix}-*",),
    "ssm": ("arn:aws:ssm:*:{account}:parameter/{project}/{environment}/*",),
}
"""The ARNs of what has a name of the platform's, by service; an object has its bucket's."""

UNNAMED = {
    "acm": "a certificate's ARN is an id",
    "application-autoscaling": "a target's ARN is an id",
    "backup": "a plan's ARN is an id, and the vault's name does not narrow it",
    "backup-storage": "takes no resource",
    "cloudfront": "what it makes has an id",
    "ec2": "a VPC's parts have ids",
    "elasticloadbalancing": "CloudFormation cuts the names to 32 letters, and a listener's ARN is an id",
    "globalaccelerator": "an accelerator's ARN is an id",
    "glue": "CloudFormation names crawlers and jobs without the stack",
    "kms": "a key's ARN is an id, before the alias is there",
    "lakeformation": "the catalogue asks it whether it guards a table",
    "redshift": "a namespace's ARN is an id",
    "redshift-data": "a work group's ARN is an id",
    "redshift-serverless": "a namespace's ARN is an id",
    "route53": "the zone is the account's, and Cloud Map's is made with an id",
    "secretsmanager": "CloudFormation names a secret without the stack, and Redshift its own",
    "servicediscovery": "a namespace's ARN is an id",
    "wafv2": "a web ACL's ARN ends in an id, and its logging asks for more",
}
"""Why any resource of a service is allowed; the Region is narrowed all the same."""

EVERYWHERE = ("globalaccelerator",)
"""Services whose calls go to a Region of their own (us-west-2)."""


def filled(arns: Iterable[str], place: Place) -> list[str]:
    """The ARNs as they are at a place."""
    known = place._asdict() | {"prefix": place.prefix}
    return [arn.format(**known) for arn in arns]
