"""IAM, named by intent: each function returns the statement that permits what its name says, and no more.

No action is a string: awacs refuses a misspelt one while generating. A wildcard resource comes only from
``ANYTHING``, where its reason stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs import (
    bedrock,
    cloudwatch,
    dynamodb,
    ec2,
    ecr,
    elasticache,
    events,
    glue,
    kms,
    logs,
    s3,
    secretsmanager,
    sns,
    sqs,
    ssm,
    sts,
)
from awacs.aws import (
    Action,
    Allow,
    Bool,
    Condition,
    Deny,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
    StringLikeIfExists,
)
from troposphere import Sub
from troposphere.iam import ManagedPolicy, Policy, Role

from retail import names

ANYTHING = {
    "kms": "In a key policy the resource is the key itself; there is nothing else to name.",
    "ecr:GetAuthorizationToken": "The token is the account's; the action takes no resource.",
    "glue:GetSecurityConfiguration": "Glue's actions on security configurations take no resource.",
    "cloudwatch:PutMetricData": "The action takes no resource; a condition holds it to Glue's own namespace.",
    "ec2:CreateNetworkInterface": "Lambda's network interfaces have ids that nobody knows beforehand (T167).",
}
"""Where a policy says ``*``, by the first action of its statement, and why it must. A test fails on any other."""

ANY_PRINCIPAL = Principal("*")


def policy(*statements: Statement) -> PolicyDocument:
    """A policy document in the language of 2012; without a version it would be that of 2008, and nobody warns."""
    return PolicyDocument(Version="2012-10-17", Statement=list(statements))


def service(name: str) -> Principal:
    """An AWS service as a principal, e.g. ``ecs-tasks``, or ``logs.${AWS::Region}`` where it is regional."""
    domain = f"{name}.amazonaws.com"
    return Principal("Service", Sub(domain) if "$" in domain else domain)


def role(
    title: str,
    trusted: str,
    *statements: Statement,
    description: str,
    managed: Sequence[Any] = (),
    also_trusted: tuple[str, ...] = (),
    **attributes: Any,
) -> Role:
    """A role for one part of the platform, trusted by one service, or by a few of one name.

    It has no name: roles are global in an account, a named one collides with the next Region's (T9).
    """
    properties: dict[str, Any] = dict(attributes)
    if statements:
        properties["Policies"] = [Policy(PolicyName="permissions", PolicyDocument=policy(*statements))]
    if managed:
        properties["ManagedPolicyArns"] = list(managed)
    return Role(
        title,
        Description=description,
        AssumeRolePolicyDocument=policy(
            *[
                Statement(Effect=Allow, Principal=service(name), Action=[sts.AssumeRole])
                for name in (trusted, *also_trusted)
            ]
        ),
        **properties,
    )


def by_aws(name: str) -> Any:
    """The ARN of a policy that AWS manages, e.g. ``service-role/AWSBackupServiceRolePolicyForBackup``."""
    return names.arn(f"iam::aws:policy/{name}")


def shared(title: str, *statements: Statement, description: str) -> ManagedPolicy:
    """What several roles of a stack may do alike."""
    return ManagedPolicy(title, Description=description, PolicyDocument=policy(*statements))


def allow(*actions: Action, on: Any, **more: Any) -> Statement:
    """Permit actions on one resource or a list of them."""
    return Statement(Effect=Allow, Action=list(actions), Resource=on if isinstance(on, list) else [on], **more)


def equals(key: str, value: Any) -> Condition:
    """The condition that a context key has a value."""
    return Condition(StringEquals({key: value}))


def in_this_account() -> Condition:
    """The condition that a service acts for this account (the confused deputy's remedy)."""
    return equals("aws:SourceAccount", Sub("${AWS::AccountId}"))


# The key


def may_use_key(key_arn: Any) -> Statement:
    """Encrypt and decrypt under the platform's key."""
    return allow(kms.Decrypt, kms.GenerateDataKey, on=key_arn)


def may_write_under_key(key_arn: Any) -> Statement:
    """Encrypt and decrypt under the platform's key as Glue does, which also encrypts where no data key is asked for."""
    return allow(kms.Decrypt, kms.Encrypt, kms.GenerateDataKey, on=key_arn)


def may_decrypt(key_arn: Any, via: str) -> Statement:
    """Decrypt under the platform's key through one service."""
    condition = equals("kms:ViaService", Sub(f"{via}.${{AWS::Region}}.amazonaws.com"))
    return allow(kms.Decrypt, on=key_arn, Condition=condition)


# Secrets, parameters, logs


def may_read_secret(secret_arn: Any) -> Statement:
    """Read one secret's value."""
    return allow(secretsmanager.GetSecretValue, on=secret_arn)


def may_read_parameters() -> Statement:
    """Read the platform's own SSM parameters: the path itself and what lies below it."""
    return allow(ssm.GetParametersByPath, on=[names.PARAMETERS.arn, names.PARAMETERS.arn_of("/*")])


def may_write_logs(log_group_arn: Any) -> Statement:
    """Write to one log group; its ``Arn`` attribute ends in ``:*`` and so covers its streams."""
    return allow(logs.CreateLogStream, logs.PutLogEvents, on=log_group_arn)


def may_write_flow_logs(log_group_arn: Any) -> Statement:
    """Write a VPC's flow logs to one log group; their delivery looks for its stream first (T34)."""
    return allow(logs.CreateLogStream, logs.DescribeLogStreams, logs.PutLogEvents, on=log_group_arn)


# The storefront


def may_pull_image(repository_arn: Any) -> list[Statement]:
    """Pull images from one repository."""
    return [
        allow(ecr.BatchCheckLayerAvailability, ecr.GetDownloadUrlForLayer, ecr.BatchGetImage, on=repository_arn),
        allow(ecr.GetAuthorizationToken, on="*"),
    ]


def may_publish_events() -> Statement:
    """Put events on the platform's own bus."""
    return allow(events.PutEvents, on=names.EVENT_BUS.arn)


def may_keep_carts() -> Statement:
    """Read a cart by query and write it item by item; never scan the table, never change it."""
    return allow(dynamodb.Query, dynamodb.PutItem, dynamodb.DeleteItem, on=names.CART_TABLE.arn)


def may_keep_ledger(table_arn: Any) -> Statement:
    """Look up and note many entries of a table at once; no more."""
    return allow(dynamodb.BatchGetItem, dynamodb.BatchWriteItem, on=table_arn)


def may_reach_cache() -> Statement:
    """Log in to the one cache as its one user, by a token that IAM signs (T145)."""
    return allow(elasticache.Connect, on=[names.CACHE.arn, names.CACHE_USER.arn])


def may_ask_model(*model_arns: Any) -> Statement:
    """Invoke a Bedrock model, in every Region to which its inference profile may send a request (T120)."""
    return allow(bedrock.InvokeModel, on=list(model_arns))


# The lake


def may_write_lake(*prefixes: str) -> Statement:
    """Write objects below the given prefixes of the lake, e.g. ``raw/orders/``."""
    return allow(s3.PutObject, on=[names.LAKE_BUCKET.arn_of(f"/{prefix}*") for prefix in prefixes])


def may_read_objects(bucket: names.Known, *prefixes: str) -> list[Statement]:
    """Read the objects below the given prefixes of a bucket, and list only those.

    A request that names no prefix passes: by HeadBucket a service sees whether the bucket is there, and S3 tells a
    missing object from a forbidden one.
    """
    return [
        allow(s3.GetObject, on=[bucket.arn_of(f"/{prefix}*") for prefix in prefixes]),
        allow(
            s3.ListBucket,
            on=bucket.arn,
            Condition=Condition(StringLikeIfExists({"s3:prefix": [f"{prefix}*" for prefix in prefixes]})),
        ),
        allow(s3.GetBucketLocation, on=bucket.arn),
    ]


# Queues and topics


def may_consume(queue_arn: Any) -> Statement:
    """Receive from a queue and delete what is done; what an event source mapping needs (T162)."""
    return allow(sqs.ReceiveMessage, sqs.DeleteMessage, sqs.GetQueueAttributes, on=queue_arn)


def may_send(queue_arn: Any) -> Statement:
    """Send messages to a queue."""
    return allow(sqs.SendMessage, on=queue_arn)


def may_manage_network_interfaces() -> Statement:
    """Make and remove the interfaces by which a function stands in the VPC (T167)."""
    return allow(
        ec2.CreateNetworkInterface,
        ec2.DescribeNetworkInterfaces,
        ec2.DescribeSubnets,
        ec2.DeleteNetworkInterface,
        ec2.AssignPrivateIpAddresses,
        ec2.UnassignPrivateIpAddresses,
        on="*",
    )


def may_publish(topic_arn: Any) -> Statement:
    """Publish to one topic."""
    return allow(sns.Publish, on=topic_arn)


def may_start_crawlers(*crawler_arns: Any) -> Statement:
    """Start the named crawlers and see whether they run."""
    return allow(glue.StartCrawler, glue.GetCrawler, on=list(crawler_arns))


# Resource policies


def only_over_tls(*resources: Any, actions: list[Action]) -> Statement:
    """Deny whoever comes without TLS."""
    return Statement(
        Sid="DenyWithoutTls",
        Effect=Deny,
        Principal=ANY_PRINCIPAL,
        Action=actions,
        Resource=list(resources),
        Condition=Condition(Bool({"aws:SecureTransport": "false"})),
    )


def service_may(sid: str, name: str, *actions: Action, on: Any, condition: Condition | None = None) -> Statement:
    """Admit a service in a resource's own policy, under a condition if the service can meet one."""
    return Statement(
        Sid=sid,
        Effect=Allow,
        Principal=service(name),
        Action=list(actions),
        Resource=on if isinstance(on, list) else [on],
        **({"Condition": condition} if condition else {}),
    )


def bucket_arns(bucket_arn: Any) -> list[Any]:
    """A bucket's ARN and that of everything in it."""
    return [bucket_arn, Sub("${Bucket}/*", Bucket=bucket_arn)]


# Analytics


def catalog_arns() -> list[Any]:
    """The Glue catalog, the platform's database in it, and that database's tables."""
    return [
        names.arn(f"glue:{names.ACCOUNT}:{part}")
        for part in ("catalog", f"database/{names.CATALOG}", f"table/{names.CATALOG}/*")
    ]


READING_CATALOG = (
    glue.GetDatabase,
    glue.GetDatabases,
    glue.GetTable,
    glue.GetTables,
    glue.GetPartition,
    glue.GetPartitions,
    glue.BatchGetPartition,
)


def may_read_catalog() -> Statement:
    """Read the platform's tables in the Glue catalog."""
    return allow(*READING_CATALOG, on=catalog_arns())


def may_keep_catalog() -> Statement:
    """Read, make and change the platform's tables and their partitions in the Glue catalog."""
    return allow(
        *READING_CATALOG,
        glue.CreateTable,
        glue.UpdateTable,
        glue.CreatePartition,
        glue.BatchCreatePartition,
        glue.UpdatePartition,
        glue.BatchUpdatePartition,
        on=catalog_arns(),
    )


def may_register_partitions() -> Statement:
    """Tell the catalog of a table's new days; Redshift knows only those, it does not project them as Athena does."""
    return allow(glue.GetTable, glue.GetPartition, glue.BatchCreatePartition, glue.UpdatePartition, on=catalog_arns())


def may_run_in_glue() -> list[Statement]:
    """What every crawler and job needs: its security configuration, its logs under the key, its metrics (T182)."""
    return [
        allow(glue.GetSecurityConfiguration, on="*"),
        allow(
            logs.CreateLogGroup,
            logs.CreateLogStream,
            logs.PutLogEvents,
            logs.AssociateKmsKey,
            on=names.arn(f"logs:{names.ACCOUNT}:log-group:/aws-glue/*"),
        ),
        allow(cloudwatch.PutMetricData, on="*", Condition=equals("cloudwatch:namespace", "Glue")),
    ]


def may_rewrite_lake(*prefixes: str) -> Statement:
    """Write, replace and remove objects below the given prefixes of the lake."""
    return allow(
        s3.PutObject,
        s3.DeleteObject,
        s3.AbortMultipartUpload,
        on=[names.LAKE_BUCKET.arn_of(f"/{prefix}*") for prefix in prefixes],
    )


def may_fetch_code(bucket_name: Any, prefix: str) -> Statement:
    """Read code below a prefix of the artifacts bucket."""
    return allow(s3.GetObject, on=Sub(f"arn:${{AWS::Partition}}:s3:::${{Bucket}}/{prefix}*", Bucket=bucket_name))
