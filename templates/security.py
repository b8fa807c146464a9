"""02 Security: the one key under which all data rests, who may reach whom, the secrets, the audit trail, and the
topic that calls the operators.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from awacs import kms, s3, sns
from awacs.aws import (
    Allow,
    ArnLike,
    Condition,
    Principal,
    Statement,
    StringEquals,
    StringLike,
)
from troposphere import GetAtt, Ref, Select, Sub
from troposphere.cloudtrail import Trail
from troposphere.ec2 import SecurityGroup, SecurityGroupIngress
from troposphere.kms import Alias, Key
from troposphere.s3 import LifecycleRule
from troposphere.secretsmanager import GenerateSecretString, Secret
from troposphere.sns import SubscriptionResource, Topic, TopicPolicy

from retail import names, policies
from retail.blocks import alarms, buckets, network
from retail.config import Config
from retail.contracts import secrets
from retail.stack import STATEFUL, Stack, Value
from templates.networking import Networking

TRAIL_NAME = Sub(f"{names.PREFIX}-trail")
TRAIL_ARN = names.arn(f"cloudtrail:{names.ACCOUNT}:trail/{names.PREFIX}-trail")
ANY_TRAIL_OF_ACCOUNT = names.arn("cloudtrail:*:${AWS::AccountId}:trail/*")


@dataclass(frozen=True, kw_only=True)
class Security:
    """What this stack hands to later ones."""

    key_arn: Annotated[Value, "The key under which all data rests."]
    alb_security_group_id: Annotated[Value, "The load balancer's group: hears CloudFront only."]
    service_security_group_id: Annotated[Value, "The storefront tasks' group: hears the load balancer only."]
    function_security_group_id: Annotated[Value, "The functions' group: hears nobody."]
    database_security_group_id: Annotated[Value, "Aurora's group: hears tasks and functions."]
    cache_security_group_id: Annotated[Value, "The cache's group: hears tasks and functions."]
    warehouse_security_group_id: Annotated[Value, "Redshift's group: hears the holders of the clients' group."]
    database_secret_arn: Annotated[Value, "The database's user name and password."]
    origin_secret_arn: Annotated[Value, "The value of X-Origin-Verify."]
    logs_bucket_name: Annotated[Value, "Where access logs and the audit trail are kept."]
    operations_topic_arn: Annotated[Value, "Where alarms go."]


def build(config: Config, networking: Networking) -> tuple[Stack, Security]:
    """Build the security stack on the networking stack."""
    stack = Stack(2, "security", __doc__ or "")
    prefix_list = stack.parameter(
        "CloudFrontPrefixListId",
        group="Outside",
        label="CloudFront's prefix list",
        Description="Id of the Region's managed prefix list com.amazonaws.global.cloudfront.origin-facing; only its "
        "addresses reach the load balancer.",
        AllowedPattern="pl-[0-9a-f]{8,17}",
        ConstraintDescription="the id of a prefix list, such as pl-3b927c52",
    )
    email, has_email = stack.optional(
        "OperationsEmail",
        group="Outside",
        label="Operators' e-mail",
        pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+",
        ConstraintDescription="an e-mail address, or none",
        Description="Address that alarms are mailed to, once its owner has confirmed the subscription.",
    )

    key = stack.add_resource(
        Key(
            "Key",
            Description=Sub(f"All data at rest of {names.PREFIX}"),
            KeyPolicy=key_policy(),
            EnableKeyRotation=True,
            RotationPeriodInDays=config.key_rotation_days,
            PendingWindowInDays=30,
            Tags=stack.tags("key"),
            **STATEFUL,
        )
    )
    stack.add_resource(Alias("KeyAlias", AliasName=Sub(f"alias/{names.PREFIX}"), TargetKeyId=Ref(key)))
    key_arn = GetAtt(key, "Arn")

    groups = security_groups(stack, config, networking, prefix_list)

    # Never edit what generates a secret: any change makes a new value, and the database keeps the old one (T51).
    database_secret = stack.add_resource(
        Secret(
            "DatabaseSecret",
            Description="User name and password of the database's owner",
            KmsKeyId=key_arn,
            GenerateSecretString=GenerateSecretString(
                SecretStringTemplate=f'{{"{secrets.USERNAME}": "retailadmin"}}',
                GenerateStringKey=secrets.PASSWORD,
                PasswordLength=32,
                ExcludeCharacters="/@\"\\'` ",
            ),
            Tags=stack.tags("database"),
            **STATEFUL,
        )
    )
    # The load balancer compares without case and reads * and ? as wildcards: letters and digits only (T55).
    origin_secret = stack.add_resource(
        Secret(
            "OriginSecret",
            Description="The value of X-Origin-Verify by which the load balancer knows CloudFront",
            KmsKeyId=key_arn,
            GenerateSecretString=GenerateSecretString(PasswordLength=48, ExcludePunctuation=True),
            Tags=stack.tags("origin-verify"),
            **STATEFUL,
        )
    )

    logs_bucket = stack.add_resource(
        buckets.bucket(
            "LogsBucket",
            encryption=buckets.BY_S3,
            rules=[LifecycleRule(Id="Expire", Status="Enabled", ExpirationInDays=config.trail_retention_days)],
            tags=stack.tags("logs"),
            Metadata=buckets.LOG_OF_LOGS,
        )
    )
    logs_policy = stack.add_resource(buckets.bucket_policy(logs_bucket, *log_writers(GetAtt(logs_bucket, "Arn"))))
    stack.add_resource(
        Trail(
            "Trail",
            TrailName=TRAIL_NAME,
            S3BucketName=Ref(logs_bucket),
            KMSKeyId=key_arn,
            IsLogging=True,
            IsMultiRegionTrail=True,
            IncludeGlobalServiceEvents=True,
            EnableLogFileValidation=True,
            Tags=stack.tags("trail"),
            DependsOn=logs_policy.title,
        )
    )

    topic = stack.add_resource(
        Topic(
            "OperationsTopic",
            DisplayName=Sub(f"{names.PREFIX} operations"),
            KmsMasterKeyId=Ref(key),
            Tags=stack.tags("operations"),
        )
    )
    stack.add_resource(
        TopicPolicy(
            "OperationsTopicPolicy",
            Topics=[Ref(topic)],
            PolicyDocument=policies.policy(
                policies.only_over_tls(Ref(topic), actions=[sns.Publish]),
                policies.service_may(
                    "Alarms", "cloudwatch", sns.Publish, on=Ref(topic), condition=policies.in_this_account()
                ),
                # EventBridge meets no condition of a topic's policy: with one, its messages are dropped in silence.
                policies.service_may("Rules", "events", sns.Publish, on=Ref(topic)),
            ),
        )
    )
    with stack.when(has_email):
        stack.add_resource(
            SubscriptionResource("OperationsEmailSubscription", TopicArn=Ref(topic), Protocol="email", Endpoint=email)
        )

    # The NAT gateways are made before this topic is; so their alarms stand here.
    for index, letter in enumerate(network.ZONE_LETTERS[: config.app_subnets]):
        stack.add_resource(
            alarms.Watched(
                topic_arn=Ref(topic),
                namespace="AWS/NATGateway",
                dimensions={"NatGatewayId": Select(index, networking.nat_gateway_ids)},
            ).alarm(
                f"Nat{letter}PortAllocationFailing",
                f"The NAT gateway of zone {letter} has no port left for new connections: tasks and functions in that "
                "zone cannot reach AWS or the payment provider.",
                "ErrorPortAllocation",
                runbook="nat-ports",
                threshold=0,
            )
        )

    return stack, stack.export(
        Security,
        key_arn=key_arn,
        alb_security_group_id=GetAtt(groups["Alb"], "GroupId"),
        service_security_group_id=GetAtt(groups["Service"], "GroupId"),
        function_security_group_id=GetAtt(groups["Function"], "GroupId"),
        database_security_group_id=GetAtt(groups["Database"], "GroupId"),
        cache_security_group_id=GetAtt(groups["Cache"], "GroupId"),
        warehouse_security_group_id=GetAtt(groups["Warehouse"], "GroupId"),
        database_secret_arn=Ref(database_secret),
        origin_secret_arn=Ref(origin_secret),
        logs_bucket_name=Ref(logs_bucket),
        operations_topic_arn=Ref(topic),
    )


def key_policy() -> Any:
    """Who may use the key: this account's roles by their own policies, and the services that act for it.

    Roles need no statement here (T39). Services do: each of them encrypts on its own behalf (T40-T45).
    """

    service_may = partial(policies.service_may, on="*")
    bus = {"kms:EncryptionContext:aws:events:event-bus:arn": names.EVENT_BUS.arn}
    return policies.policy(
        Statement(
            Sid="AccountByIam",
            Effect=Allow,
            Principal=Principal("AWS", names.arn("iam::${AWS::AccountId}:root")),
            Action=[kms.Action("*")],
            Resource=["*"],
        ),
        service_may(
            "LogGroups",
            "logs.${AWS::Region}",
            kms.Action("Encrypt*"),
            kms.Action("Decrypt*"),
            kms.Action("ReEncrypt*"),
            kms.Action("GenerateDataKey*"),
            kms.Action("Describe*"),
            condition=Condition(ArnLike({"kms:EncryptionContext:aws:logs:arn": names.arn(f"logs:{names.ACCOUNT}:*")})),
        ),
        service_may("RulesToQueues", "events", kms.Decrypt, kms.Action("GenerateDataKey*"), kms.DescribeKey),
        service_may(
            "BusAndArchive",
            "events",
            kms.Decrypt,
            kms.GenerateDataKey,
            kms.Action("ReEncrypt*"),
            condition=Condition(StringEquals(bus)),
        ),
        service_may(
            "AlarmsToTopics",
            "cloudwatch",
            kms.Decrypt,
            kms.Action("GenerateDataKey*"),
            condition=policies.in_this_account(),
        ),
        service_may("EdgeLogs", "delivery.logs", kms.Decrypt, kms.Action("GenerateDataKey*")),
        service_may(
            "AuditTrail",
            "cloudtrail",
            kms.Action("GenerateDataKey*"),
            condition=Condition(
                [
                    StringLike({"kms:EncryptionContext:aws:cloudtrail:arn": ANY_TRAIL_OF_ACCOUNT}),
                    StringEquals({"aws:SourceArn": TRAIL_ARN}),
                ]
            ),
        ),
        service_may(
            "AuditTrailDescribes",
            "cloudtrail",
            kms.DescribeKey,
            condition=Condition(StringEquals({"aws:SourceArn": TRAIL_ARN})),
        ),
    )


def security_groups(stack: Stack, config: Config, networking: Networking, prefix_list: Ref) -> dict[str, SecurityGroup]:
    """Tier to tier, and nothing from the internet: the load balancer hears CloudFront, the tasks the load balancer,
    the stores the tasks and functions.
    """
    # The descriptions are for ever (T7).
    descriptions = {
        "Alb": "Load balancer: HTTPS from CloudFront",
        "Service": "Storefront tasks: from the load balancer",
        "Function": "Functions in the VPC: from nobody",
        "Database": "Aurora: from tasks and functions",
        "Cache": "ElastiCache: from tasks and functions",
        "Warehouse": "Redshift: from its clients",
        "WarehouseClient": "Held by whoever queries the warehouse",
    }
    groups = {
        name: stack.add_resource(
            network.security_group(f"{name}SecurityGroup", networking.vpc_id, description, stack.tags(name.lower()))
        )
        for name, description in descriptions.items()
    }
    alb, service, function = groups["Alb"], groups["Service"], groups["Function"]

    # The list weighs 55 of a group's 60 rules, so it stands here once, on one port (T58).
    stack.add_resource(
        SecurityGroupIngress(
            "CloudFrontToAlbIngress",
            GroupId=GetAtt(alb, "GroupId"),
            IpProtocol="tcp",
            FromPort=443,
            ToPort=443,
            SourcePrefixListId=prefix_list,
            Description="HTTPS from the origin-facing addresses of CloudFront",
        )
    )
    stack.add_resource(network.path(alb, service, config.container_port))
    for client in (service, function):
        stack.add_resource(network.path(client, groups["Database"], network.DATABASE_PORT))
        stack.add_resource(network.path(client, groups["Cache"], network.CACHE_PORT, network.CACHE_READER_PORT))
        stack.add_resource(network.https_out(client, "AWS services and the payment provider by the NAT gateways"))
    stack.add_resource(network.path(groups["WarehouseClient"], groups["Warehouse"], network.WAREHOUSE_PORT))
    # The data tier has no default route: what this opens is S3's gateway endpoint and the Glue endpoint (T30).
    stack.add_resource(network.https_out(groups["Warehouse"], "S3 and the Glue catalog by the endpoints of the VPC"))
    return groups


def log_writers(bucket_arn: Any) -> list[Statement]:
    """The services that write to the logs bucket, each below its own prefix."""

    def below(prefix: str) -> Value:
        return Sub(f"${{Bucket}}/{prefix}AWSLogs/${{AWS::AccountId}}/*", Bucket=bucket_arn)

    trail = {"aws:SourceArn": TRAIL_ARN}
    return [
        policies.service_may(
            "TrailSeesAcl",
            "cloudtrail",
            s3.GetBucketAcl,
            on=bucket_arn,
            condition=Condition(StringEquals(trail)),
        ),
        policies.service_may(
            "TrailWrites",
            "cloudtrail",
            s3.PutObject,
            on=below(""),
            condition=Condition(StringEquals(trail | {"s3:x-amz-acl": "bucket-owner-full-control"})),
        ),
        # The path holds the account's id, which is condition enough: not every Region's delivery meets another.
        policies.service_may("LoadBalancerWrites", "logdelivery.elasticloadbalancing", s3.PutObject, on=below("alb/")),
        policies.service_may(
            "AccessLogsWrite",
            "logging.s3",
            s3.PutObject,
            on=Sub("${Bucket}/s3/*", Bucket=bucket_arn),
            condition=policies.in_this_account(),
        ),
    ]
