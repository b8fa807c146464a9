"""05 Data: Aurora Serverless with a writer and a reader, a serverless cache before it, the carts, the data lake,
and the backups of all that cannot be made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from troposphere import Equals, GetAtt, Not, Ref, Sub
from troposphere.backup import (
    BackupPlan,
    BackupPlanResourceType,
    BackupRuleResourceType,
    BackupSelection,
    BackupSelectionResourceType,
    BackupVault,
    LifecycleResourceType,
)
from troposphere.dynamodb import (
    AttributeDefinition,
    KeySchema,
    PointInTimeRecoverySpecification,
    SSESpecification,
    Table,
    TimeToLiveSpecification,
)
from troposphere.elasticache import (
    AuthenticationMode,
    CacheUsageLimits,
    DataStorage,
    ECPUPerSecond,
    ServerlessCache,
    User,
    UserGroup,
)
from troposphere.events import Rule, Target
from troposphere.rds import (
    DBCluster,
    DBClusterParameterGroup,
    DBInstance,
    DBSubnetGroup,
    ServerlessV2ScalingConfiguration,
)
from troposphere.s3 import (
    EventBridgeConfiguration,
    LifecycleRule,
    LifecycleRuleTransition,
    LoggingConfiguration,
    NotificationConfiguration,
)

from retail import names, policies
from retail.blocks import alarms, buckets, logs
from retail.blocks.network import CACHE_READER_PORT, DATABASE_PORT
from retail.blocks.parameters import parameter
from retail.config import Config
from retail.contracts import carts, lake, parameters, secrets
from retail.stack import STATEFUL, Stack, Value, accepted, either
from templates.networking import Networking
from templates.security import Security

DATABASE = "Database"
CACHE = "Cache"

DATABASE_NAME = "retail"
POSTGRESQL = "17"
MAX_CONNECTIONS = 2_000
"""What Aurora allows at a minimum of half a capacity unit (T139)."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """What this stack hands to later ones."""

    database_cluster_id: Annotated[Value, "The Aurora cluster in metrics."]
    database_host: Annotated[Value, "Aurora's writer."]
    database_port: Annotated[Value, "Aurora's port."]
    database_name: Annotated[Value, "The shop's database."]
    cache_host: Annotated[Value, "The cache."]
    cache_port: Annotated[Value, "The cache's port for reading and writing."]
    cache_name: Annotated[Value, "The cache in metrics, and where tokens to log in are made for."]
    lake_bucket_name: Annotated[Value, "The data lake."]
    artifacts_bucket_name: Annotated[Value, "Where functions and jobs find their code."]


def build(config: Config, networking: Networking, security: Security) -> tuple[Stack, Data]:
    """Build the data stack on networking and security."""
    stack = Stack(5, "data", __doc__ or "")
    cluster = database(stack, config, networking, security)
    cache = serverless_cache(stack, config, networking, security)
    table = cart_table(stack, security)
    lake_bucket, artifacts = object_stores(stack, security)
    backups(
        stack,
        config,
        security,
        [GetAtt(cluster, "DBClusterArn"), GetAtt(table, "Arn"), GetAtt(lake_bucket, "Arn")],
    )
    for path, value in {
        parameters.WRITER_HOST: GetAtt(cluster, "Endpoint.Address"),
        parameters.READER_HOST: GetAtt(cluster, "ReadEndpoint.Address"),
        parameters.DATABASE_PORT: GetAtt(cluster, "Endpoint.Port"),
        parameters.DATABASE_NAME: DATABASE_NAME,
        parameters.CACHE_HOST: GetAtt(cache, "Endpoint.Address"),
        parameters.CACHE_PORT: GetAtt(cache, "Endpoint.Port"),
        parameters.CACHE_READER_PORT: str(CACHE_READER_PORT),
        parameters.CACHE_NAME: Ref(cache),
        parameters.CACHE_USER: names.CACHE_USER.name,
        parameters.LAKE_BUCKET: Ref(lake_bucket),
        parameters.CART_TABLE: Ref(table),
    }.items():
        stack.add_resource(parameter(path, value))

    return stack, stack.export(
        Data,
        database_cluster_id=Ref(cluster),
        database_host=GetAtt(cluster, "Endpoint.Address"),
        database_port=GetAtt(cluster, "Endpoint.Port"),
        database_name=DATABASE_NAME,
        cache_host=GetAtt(cache, "Endpoint.Address"),
        cache_port=GetAtt(cache, "Endpoint.Port"),
        cache_name=Ref(cache),
        lake_bucket_name=Ref(lake_bucket),
        artifacts_bucket_name=Ref(artifacts),
    )


def database(stack: Stack, config: Config, networking: Networking, security: Security) -> DBCluster:
    """Aurora PostgreSQL, from half a capacity unit to sixteen; the reader follows the writer's size (T130)."""
    version = stack.parameter(
        "DatabaseEngineVersion",
        group=DATABASE,
        label="Aurora PostgreSQL version",
        Description="Version to run. The instances do not upgrade by themselves, or this value would lag behind them.",
        Default=f"{POSTGRESQL}.7",
        AllowedPattern=rf"{POSTGRESQL}\.\d{{1,2}}",
    )
    protection = stack.parameter(
        "DeletionProtection",
        group=DATABASE,
        label="Deletion protection",
        Description="Whether the database and the cart table refuse to be deleted.",
        AllowedValues=["true", "false"],
        Default="true",
    )
    subnets = stack.add_resource(
        DBSubnetGroup(
            "DatabaseSubnets",
            DBSubnetGroupDescription="The isolated data subnets",
            SubnetIds=networking.data_subnet_ids,
            Tags=stack.tags("database"),
        )
    )
    settings = stack.add_resource(
        DBClusterParameterGroup(
            "DatabaseParameters",
            Description="TLS only; slow statements and schema changes are logged",
            Family=f"aurora-postgresql{POSTGRESQL}",
            Parameters={
                "rds.force_ssl": "1",
                "log_min_duration_statement": "1000",
                "log_statement": "ddl",
                "idle_in_transaction_session_timeout": "60000",
            },
            Tags=stack.tags("database"),
        )
    )
    # RDS would make this group itself, without key and for ever (T137).
    postgresql_logs = stack.add_resource(
        logs.log_group(
            "DatabaseLogs",
            name=Sub(f"/aws/rds/cluster/{names.PREFIX}/postgresql"),
            key_arn=security.key_arn,
            retention_days=config.log_retention_days,
        )
    )

    def credential(key: str) -> Sub:
        return Sub(
            f"{{{{resolve:secretsmanager:${{Secret}}:SecretString:{key}}}}}",
            Secret=security.database_secret_arn,
        )

    # A snapshot stays when the cluster goes: unlike a cluster that is kept, it neither costs compute nor holds the
    # fixed name that the next deployment wants (T14).
    cluster = stack.add_resource(
        DBCluster(
            "Database",
            DBClusterIdentifier=Sub(names.PREFIX),
            Engine="aurora-postgresql",
            EngineVersion=version,
            # CloudFormation's default is MySQL's port, which no security group opens.
            Port=DATABASE_PORT,
            DatabaseName=DATABASE_NAME,
            MasterUsername=credential(secrets.USERNAME),
            MasterUserPassword=credential(secrets.PASSWORD),
            EnableIAMDatabaseAuthentication=True,
            StorageEncrypted=True,
            KmsKeyId=security.key_arn,
            ServerlessV2ScalingConfiguration=ServerlessV2ScalingConfiguration(
                MinCapacity=config.database_min_acu, MaxCapacity=config.database_max_acu
            ),
            DBSubnetGroupName=Ref(subnets),
            DBClusterParameterGroupName=Ref(settings),
            VpcSecurityGroupIds=[security.database_security_group_id],
            EnableCloudwatchLogsExports=["postgresql"],
            BackupRetentionPeriod=config.database_backup_days,
            PreferredBackupWindow="03:00-03:30",
            PreferredMaintenanceWindow="sun:04:00-sun:04:30",
            CopyTagsToSnapshot=True,
            DeletionProtection=protection,
            Tags=stack.tags("database"),
            DependsOn=postgresql_logs.title,
            DeletionPolicy="Snapshot",
            UpdateReplacePolicy="Snapshot",
        )
    )
    # The first instance of a cluster becomes its writer, so the reader waits for it.
    for title, tier, after in (("DatabaseWriter", 0, {}), ("DatabaseReader", 1, {"DependsOn": "DatabaseWriter"})):
        stack.add_resource(
            DBInstance(
                title,
                DBClusterIdentifier=Ref(cluster),
                DBInstanceClass="db.serverless",
                Engine="aurora-postgresql",
                PromotionTier=tier,
                PubliclyAccessible=False,
                AutoMinorVersionUpgrade=False,
                Tags=stack.tags(title.removeprefix("Database").lower()),
                **after,
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
                Metadata=accepted(
                    CKV_AWS_118="Enhanced monitoring writes to a log group of its own, without the key.",
                    CKV_AWS_226="A minor upgrade by itself moves the engine under the template (T132).",
                    CKV_AWS_354="Performance Insights wants two capacity units at least (T138).",
                    CKV_AWS_157="The reader in another zone is the standby.",
                ),
            )
        )
    of_instances, watched = (
        alarms.Watched(topic_arn=security.operations_topic_arn, namespace="AWS/RDS", dimensions=dimensions)
        for dimensions in ({}, {"DBClusterIdentifier": Ref(cluster)})
    )
    stack.add_resource(
        [
            # The cluster's own figure is the average of its instances: a reader that is full hides behind the writer.
            of_instances.calculated(
                "DatabaseCapacityExhausted",
                f"Writer or reader runs near its most, {config.database_max_acu:g} capacity units: queries will queue.",
                "MAX([writer, reader])",
                of={
                    role: ("ACUUtilization", {"DBInstanceIdentifier": Ref(f"Database{role.capitalize()}")})
                    for role in ("writer", "reader")
                },
                runbook="database-capacity",
                statistic="Average",
                threshold=90,
                times=15,
            ),
            watched.alarm(
                "DatabaseConnectionsTooMany",
                f"More than four fifths of the {MAX_CONNECTIONS} connections are taken.",
                "DatabaseConnections",
                runbook="database-connections",
                statistic="Maximum",
                threshold=MAX_CONNECTIONS * 4 // 5,
                times=3,
            ),
            watched.alarm(
                "DatabaseReaderLagging",
                "The reader is more than a second behind the writer: shoppers see old stock and prices.",
                "AuroraReplicaLagMaximum",
                runbook="database-reader",
                statistic="Maximum",
                threshold=1_000,
                times=5,
            ),
        ]
    )
    return cluster


def serverless_cache(stack: Stack, config: Config, networking: Networking, security: Security) -> ServerlessCache:
    """The cache, with one user that logs in by IAM, and limits, as they are the only brake on its cost (T144)."""
    engine = stack.parameter(
        "CacheEngine",
        group=CACHE,
        label="Engine",
        Description="valkey speaks Redis's protocol and bills a tenth of a gigabyte at least, redis a whole one. "
        "A cache of redis can become one of valkey; the way back leads through a new stack.",
        AllowedValues=["valkey", "redis"],
        Default="valkey",
    )
    is_redis = stack.condition("IsRedis", Equals(engine, "redis"))
    is_valkey = stack.condition("IsValkey", Not(Equals(engine, "redis")))

    shop = stack.add_resource(
        User(
            "CacheUser",
            Engine=engine,
            UserId=names.CACHE_USER.name,
            UserName=names.CACHE_USER.name,
            AccessString="on ~* &* +@all -@admin -@dangerous +info",
            AuthenticationMode=AuthenticationMode(Type="iam"),
            Tags=stack.tags("cache"),
        )
    )
    # A group of Redis wants a user named default; this one may do nothing. A group of Valkey refuses it (T145).
    with stack.when(is_redis):
        nobody = stack.add_resource(
            User(
                "CacheDefaultUser",
                Engine="redis",
                UserId=Sub(f"{names.PREFIX}-nobody"),
                UserName="default",
                AccessString="off ~* -@all",
                AuthenticationMode=AuthenticationMode(Type="no-password-required"),
                Tags=stack.tags("cache"),
            )
        )
    users = stack.add_resource(
        UserGroup(
            "CacheUsers",
            Engine=engine,
            UserGroupId=Sub(f"{names.PREFIX}-users"),
            UserIds=[Ref(shop), either(is_redis, Ref(nobody))],
            Tags=stack.tags("cache"),
        )
    )
    cache = stack.add_resource(
        ServerlessCache(
            "Cache",
            ServerlessCacheName=names.CACHE.name,
            Description="Products, listings and search results",
            Engine=engine,
            MajorEngineVersion=either(is_valkey, "8", "7"),
            KmsKeyId=security.key_arn,
            SubnetIds=networking.data_subnet_ids,
            SecurityGroupIds=[security.cache_security_group_id],
            UserGroupId=Ref(users),
            CacheUsageLimits=CacheUsageLimits(
                DataStorage=DataStorage(Maximum=config.cache_max_gb, Unit="GB"),
                ECPUPerSecond=ECPUPerSecond(Maximum=config.cache_max_ecpu_per_second),
            ),
            Tags=stack.tags("cache"),
        )
    )
    stack.add_resource(
        alarms.Watched(
            topic_arn=security.operations_topic_arn, namespace="AWS/ElastiCache", dimensions={"clusterId": Ref(cache)}
        ).alarm(
            "CacheThrottled",
            "The cache refuses commands: it has reached its limit of data or of commands a second.",
            "ThrottledCmds",
            runbook="cache-throttled",
            threshold=0,
            times=3,
        )
    )
    return cache


def cart_table(stack: Stack, security: Security) -> Table:
    """The shoppers' carts: an item for each product in one, forgotten when it expires."""
    return stack.add_resource(
        Table(
            "CartTable",
            TableName=names.CART_TABLE.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                AttributeDefinition(AttributeName=carts.PARTITION_KEY, AttributeType="S"),
                AttributeDefinition(AttributeName=carts.SORT_KEY, AttributeType="S"),
            ],
            KeySchema=[
                KeySchema(AttributeName=carts.PARTITION_KEY, KeyType="HASH"),
                KeySchema(AttributeName=carts.SORT_KEY, KeyType="RANGE"),
            ],
            TimeToLiveSpecification=TimeToLiveSpecification(AttributeName=carts.EXPIRES_AT, Enabled=True),
            PointInTimeRecoverySpecification=PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
            SSESpecification=SSESpecification(SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=security.key_arn),
            DeletionProtectionEnabled=Ref("DeletionProtection"),
            Tags=stack.tags("carts"),
            **STATEFUL,
        )
    )


def object_stores(stack: Stack, security: Security) -> tuple[Any, Any]:
    """The data lake, which tells the default bus of each new object, and the bucket of code."""

    def logged(prefix: str) -> LoggingConfiguration:
        return LoggingConfiguration(DestinationBucketName=security.logs_bucket_name, LogFilePrefix=f"s3/{prefix}/")

    def tiered(prefix: str) -> LifecycleRule:
        # Small objects stay where they are whatever the rule says (T148): this tiers what the job has compacted.
        return LifecycleRule(
            Id=f"Tier{prefix.strip('/').capitalize()}",
            Status="Enabled",
            Prefix=prefix,
            Transitions=[LifecycleRuleTransition(StorageClass="INTELLIGENT_TIERING", TransitionInDays=30)],
        )

    def expiring(prefix: str, days: int) -> LifecycleRule:
        return LifecycleRule(
            Id=f"Expire{prefix.strip('/').title().replace('-', '')}",
            Status="Enabled",
            Prefix=prefix,
            ExpirationInDays=days,
        )

    lake_bucket = stack.add_resource(
        buckets.bucket(
            "LakeBucket",
            BucketName=names.LAKE_BUCKET.name,
            encryption=buckets.under_key(security.key_arn),
            rules=[
                tiered(lake.RAW),
                tiered(lake.CURATED),
                expiring(lake.QUARANTINE, 90),
                expiring(lake.QUERY_RESULTS, 7),
            ],
            NotificationConfiguration=NotificationConfiguration(
                EventBridgeConfiguration=EventBridgeConfiguration(EventBridgeEnabled=True)
            ),
            LoggingConfiguration=logged("lake"),
            tags=stack.tags("lake"),
        )
    )
    artifacts = stack.add_resource(
        buckets.bucket(
            "ArtifactsBucket",
            encryption=buckets.under_key(security.key_arn),
            rules=[],
            LoggingConfiguration=logged("artifacts"),
            tags=stack.tags("artifacts"),
        )
    )
    for owner in (lake_bucket, artifacts):
        stack.add_resource(buckets.bucket_policy(owner))
    return lake_bucket, artifacts


def backups(stack: Stack, config: Config, security: Security, resource_arns: list[Any]) -> None:
    """A copy of database, carts and lake each night, kept in a vault under the key."""
    vault = stack.add_resource(
        BackupVault(
            "BackupVault",
            BackupVaultName=Sub(names.PREFIX),
            EncryptionKeyArn=security.key_arn,
            **STATEFUL,
        )
    )
    # Snapshots, not continuous backup, which would take the cluster's own retention from this template (T150).
    plan = stack.add_resource(
        BackupPlan(
            "BackupPlan",
            BackupPlan=BackupPlanResourceType(
                BackupPlanName=Sub(names.PREFIX),
                BackupPlanRule=[
                    BackupRuleResourceType(
                        RuleName="Nightly",
                        TargetBackupVault=Ref(vault),
                        ScheduleExpression="cron(0 5 * * ? *)",
                        StartWindowMinutes=60,
                        CompletionWindowMinutes=360,
                        Lifecycle=LifecycleResourceType(DeleteAfterDays=config.backup_retention_days),
                    )
                ],
            ),
        )
    )
    keeper = stack.add_resource(
        policies.role(
            "BackupRole",
            "backup",
            policies.may_use_key(security.key_arn),
            managed=(
                policies.by_aws("service-role/AWSBackupServiceRolePolicyForBackup"),
                policies.by_aws("service-role/AWSBackupServiceRolePolicyForRestores"),
                policies.by_aws("AWSBackupServiceRolePolicyForS3Backup"),
                policies.by_aws("AWSBackupServiceRolePolicyForS3Restore"),
            ),
            description="Lets AWS Backup copy and restore the database, the carts and the lake.",
        )
    )
    stack.add_resource(
        BackupSelection(
            "BackupSelection",
            BackupPlanId=Ref(plan),
            BackupSelection=BackupSelectionResourceType(
                SelectionName="Stateful", IamRoleArn=GetAtt(keeper, "Arn"), Resources=resource_arns
            ),
        )
    )
    stack.add_resource(
        Rule(
            "BackupFailed",
            Description="Tell the operators of a backup that did not succeed",
            EventPattern={
                "source": ["aws.backup"],
                "detail-type": ["Backup Job State Change"],
                "detail": {
                    "state": ["ABORTED", "EXPIRED", "FAILED"],
                    "backupVaultName": [Ref(vault)],
                },
            },
            Targets=[Target(Id="operations", Arn=security.operations_topic_arn)],
        )
    )
