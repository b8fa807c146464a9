"""05 Data: Aurora from 0.5 to 16 units, a cache before it, the lake, and backups of what stands only once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emitted import everywhere, imported, properties, resources, statements, template

STACK = "05-data"
DATA_SUBNETS = {"Fn::Split": [",", imported("networking-DataSubnetIds")]}
INSTANCES = ("DatabaseWriter", "DatabaseReader")
INGRESS = "AWS::EC2::SecurityGroupIngress"
STATEFUL = (
    "AWS::KMS::Key",
    "AWS::SecretsManager::Secret",
    "AWS::S3::Bucket",
    "AWS::Logs::LogGroup",
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::ECR::Repository",
    "AWS::Backup::BackupVault",
    "AWS::Events::Archive",
    "AWS::RedshiftServerless::Namespace",
)
PARAMETERS = {
    "data/writer-host": {"Fn::GetAtt": ["Database", "Endpoint.Address"]},
    "data/reader-host": {"Fn::GetAtt": ["Database", "ReadEndpoint.Address"]},
    "data/database-port": {"Fn::GetAtt": ["Database", "Endpoint.Port"]},
    "data/database-name": "retail",
    "data/cache-host": {"Fn::GetAtt": ["Cache", "Endpoint.Address"]},
    "data/cache-port": {"Fn::GetAtt": ["Cache", "Endpoint.Port"]},
    "data/cache-reader-port": "6380",
    "data/cache-name": {"Ref": "Cache"},
    "data/cache-user": {"Fn::Sub": "${Project}-${Environment}-shop"},
    "data/lake-bucket": {"Ref": "LakeBucket"},
    "data/cart-table": {"Ref": "CartTable"},
    "events/bus": {"Ref": "RetailEventBus"},
}
DATABASE = [{"Name": "DBClusterIdentifier", "Value": {"Ref": "Database"}}]
ALARMS = {
    "DatabaseConnectionsTooMany": ("AWS/RDS", "DatabaseConnections", 1600, DATABASE),
    "DatabaseReaderLagging": ("AWS/RDS", "AuroraReplicaLagMaximum", 1000, DATABASE),
    "CacheThrottled": (
        "AWS/ElastiCache",
        "ThrottledCmds",
        0,
        [{"Name": "clusterId", "Value": {"Ref": "Cache"}}],
    ),
}


def _default(parameter: str) -> Any:
    return template(STACK)["Parameters"][parameter]["Default"]


def _buckets() -> Iterator[Any]:
    for file, logical_id, settings in everywhere("AWS::S3::Bucket"):
        yield pytest.param(file, logical_id, settings, id=logical_id)


def _stateful() -> Iterator[Any]:
    for kind in STATEFUL:
        for file, logical_id, _ in everywhere(kind):
            yield pytest.param(resources(file)[logical_id], id=logical_id)


def _lifecycle(bucket: str) -> dict[str, dict[str, Any]]:
    rules = properties(STACK, bucket)["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    return {rule.get("Prefix", ""): rule for rule in rules}


@pytest.mark.parametrize("resource", list(_stateful()))
def test_everything_stateful_outlives_its_stack(resource: dict[str, Any]) -> None:
    """T13: but not a first creation that failed, which could not be tried again."""
    kept = (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
    assert kept == ("RetainExceptOnCreate", "Retain")


def test_the_reader_is_made_after_the_writer_as_the_first_instance_becomes_the_writer() -> None:
    assert resources(STACK)["DatabaseReader"]["DependsOn"] == "DatabaseWriter"
    assert "DependsOn" not in resources(STACK)["DatabaseWriter"]


def test_the_database_leaves_a_snapshot_behind() -> None:
    """T13, T136: of the whole cluster, so that its instances need none."""
    database = resources(STACK)["Database"]
    assert (database["DeletionPolicy"], database["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")


def test_aurora_scales_between_half_a_unit_and_sixteen() -> None:
    """T130: not to zero, which would pause it."""
    scaling = properties(STACK, "Database")["ServerlessV2ScalingConfiguration"]
    assert scaling == {"MinCapacity": 0.5, "MaxCapacity": 16.0}


def test_aurora_is_serverless_v2_with_one_writer_and_one_reader() -> None:
    """T130."""
    instances = resources(STACK, "AWS::RDS::DBInstance")
    assert set(instances) == set(INSTANCES)
    assert {one["Properties"]["DBInstanceClass"] for one in instances.values()} == {"db.serverless"}
    assert {str(one["Properties"]["DBClusterIdentifier"]) for one in instances.values()} == {"{'Ref': 'Database'}"}
    assert properties(STACK, "Database").get("EngineMode", "provisioned") == "provisioned"


def test_the_reader_is_as_large_as_the_writer_and_takes_over_from_it() -> None:
    """T130: tiers 0 and 1 follow the writer's size."""
    assert [properties(STACK, instance)["PromotionTier"] for instance in INSTANCES] == [0, 1]


@pytest.mark.parametrize("instance", INSTANCES)
def test_no_instance_is_reached_from_outside_or_upgrades_under_the_template(instance: str) -> None:
    """T132."""
    settings = properties(STACK, instance)
    assert (settings["PubliclyAccessible"], settings["AutoMinorVersionUpgrade"]) == (False, False)


def test_engine_version_and_parameter_family_are_of_one_major_version() -> None:
    """T16, T131: a version in the schema, and text."""
    assert properties(STACK, "Database")["Engine"] == "aurora-postgresql"
    assert properties(STACK, "Database")["EngineVersion"] == {"Ref": "DatabaseEngineVersion"}
    assert _default("DatabaseEngineVersion") == "17.7"
    assert properties(STACK, "DatabaseParameters")["Family"] == "aurora-postgresql17"


def test_the_database_speaks_tls_only() -> None:
    assert properties(STACK, "DatabaseParameters")["Parameters"]["rds.force_ssl"] == "1"
    assert properties(STACK, "Database")["DBClusterParameterGroupName"] == {"Ref": "DatabaseParameters"}


def test_the_database_stands_in_the_isolated_subnets_in_its_own_group() -> None:
    assert properties(STACK, "DatabaseSubnets")["SubnetIds"] == DATA_SUBNETS
    database = properties(STACK, "Database")
    assert database["DBSubnetGroupName"] == {"Ref": "DatabaseSubnets"}
    assert database["VpcSecurityGroupIds"] == [imported("security-DatabaseSecurityGroupId")]


def test_the_database_listens_where_its_security_group_lets_tasks_and_functions_in() -> None:
    """Without a port CloudFormation gives a cluster of Aurora PostgreSQL 3306, MySQL's."""
    port = properties(STACK, "Database")["Port"]
    opened = [
        (rule["SourceSecurityGroupId"]["Fn::GetAtt"][0], rule["FromPort"], rule["ToPort"])
        for rule in (each["Properties"] for each in resources("02-security", INGRESS).values())
        if rule["GroupId"] == {"Fn::GetAtt": ["DatabaseSecurityGroup", "GroupId"]}
    ]
    assert port == 5432
    assert sorted(opened) == [("FunctionSecurityGroup", port, port), ("ServiceSecurityGroup", port, port)]


def test_the_database_takes_its_owner_from_the_secret() -> None:
    """T50, T135."""
    secret = {"Secret": imported("security-DatabaseSecretArn")}
    database = properties(STACK, "Database")
    for setting, key in (("MasterUsername", "username"), ("MasterUserPassword", "password")):
        reference = f"{{{{resolve:secretsmanager:${{Secret}}:SecretString:{key}}}}}"
        assert database[setting] == {"Fn::Sub": [reference, secret]}
    assert "ManageMasterUserPassword" not in database


def test_the_database_is_encrypted_and_can_be_logged_into_by_iam() -> None:
    """T140."""
    database = properties(STACK, "Database")
    assert (database["StorageEncrypted"], database["EnableIAMDatabaseAuthentication"]) == (True, True)


def test_the_database_logs_to_a_group_that_was_there_before_it() -> None:
    """T137: or RDS makes one without key and without end."""
    assert properties(STACK, "Database")["EnableCloudwatchLogsExports"] == ["postgresql"]
    cluster = properties(STACK, "Database")["DBClusterIdentifier"]["Fn::Sub"]
    group = properties(STACK, "DatabaseLogs")["LogGroupName"]["Fn::Sub"]
    assert group == f"/aws/rds/cluster/{cluster}/postgresql"
    assert resources(STACK)["Database"]["DependsOn"] == "DatabaseLogs"


def test_the_database_names_no_zone_that_aws_would_add_to() -> None:
    """T134."""
    assert "AvailabilityZones" not in properties(STACK, "Database")


def test_performance_insights_stays_off_at_half_a_unit() -> None:
    """T138."""
    named = ("PerformanceInsightsEnabled", "DatabaseInsightsMode")
    settings = [properties(STACK, name) for name in ("Database", *INSTANCES)]
    assert not any(name in one for name in named for one in settings)


def test_any_second_of_the_last_week_can_be_restored() -> None:
    """T140."""
    assert properties(STACK, "Database")["BackupRetentionPeriod"] == 7


def test_the_database_and_the_carts_refuse_to_be_deleted_unless_told_otherwise() -> None:
    """T136."""
    assert properties(STACK, "Database")["DeletionProtection"] == {"Ref": "DeletionProtection"}
    assert properties(STACK, "CartTable")["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert _default("DeletionProtection") == "true"


def test_the_cache_stands_beside_the_database_in_a_group_of_its_own() -> None:
    """T142: else it falls into the VPC's default group."""
    cache = properties(STACK, "Cache")
    assert cache["SubnetIds"] == DATA_SUBNETS
    assert cache["SecurityGroupIds"] == [imported("security-CacheSecurityGroupId")]


def test_the_cache_is_valkey_unless_redis_is_asked_for() -> None:
    """T142, T220: version as text."""
    assert properties(STACK, "Cache")["Engine"] == {"Ref": "CacheEngine"}
    assert _default("CacheEngine") == "valkey"
    assert template(STACK)["Parameters"]["CacheEngine"]["AllowedValues"] == ["valkey", "redis"]
    assert properties(STACK, "Cache")["MajorEngineVersion"] == {"Fn::If": ["IsValkey", "8", "7"]}


def test_the_cache_cannot_grow_or_cost_without_bounds() -> None:
    """T144: a minimum would be billed."""
    limits = properties(STACK, "Cache")["CacheUsageLimits"]
    assert limits == {"DataStorage": {"Maximum": 5, "Unit": "GB"}, "ECPUPerSecond": {"Maximum": 15000}}


def test_only_a_user_known_to_iam_gets_into_the_cache() -> None:
    """T145: its id and name are the same, or IAM refuses it."""
    user = properties(STACK, "CacheUser")
    assert user["AuthenticationMode"] == {"Type": "iam"}
    assert user["UserId"] == user["UserName"] == {"Fn::Sub": "${Project}-${Environment}-shop"}
    assert properties(STACK, "Cache")["UserGroupId"] == {"Ref": "CacheUsers"}
    assert "-@admin -@dangerous" in user["AccessString"]


def test_the_default_user_that_redis_demands_may_do_nothing() -> None:
    """T145."""
    user = properties(STACK, "CacheDefaultUser")
    assert resources(STACK)["CacheDefaultUser"]["Condition"] == "IsRedis"
    assert (user["UserName"], user["AccessString"]) == ("default", "off ~* -@all")
    members = properties(STACK, "CacheUsers")["UserIds"]
    default = {"Fn::If": ["IsRedis", {"Ref": "CacheDefaultUser"}, {"Ref": "AWS::NoValue"}]}
    assert members == [{"Ref": "CacheUser"}, default]


def test_carts_cost_by_the_request_expire_and_can_be_restored_to_any_second() -> None:
    """T119."""
    table = properties(STACK, "CartTable")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert (table["SSESpecification"]["SSEEnabled"], table["SSESpecification"]["SSEType"]) == (True, "KMS")


def test_a_cart_is_all_the_items_under_its_id() -> None:
    keys = [(key["AttributeName"], key["KeyType"]) for key in properties(STACK, "CartTable")["KeySchema"]]
    assert keys == [("cart_id", "HASH"), ("sku", "RANGE")]


@pytest.mark.parametrize(("file", "logical_id", "bucket"), list(_buckets()))
def test_every_bucket_is_closed_to_the_public(file: str, logical_id: str, bucket: dict[str, Any]) -> None:
    """T147."""
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }


@pytest.mark.parametrize(("file", "logical_id", "bucket"), list(_buckets()))
def test_every_bucket_keeps_old_versions_for_thirty_days_and_no_broken_uploads(
    file: str, logical_id: str, bucket: dict[str, Any]
) -> None:
    """T147, T148."""
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    whole = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "Prefix" not in rule]
    tidied: dict[str, Any] = {name: value for rule in whole for name, value in rule.items()}
    assert tidied["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert tidied["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


@pytest.mark.parametrize(("file", "logical_id", "bucket"), list(_buckets()))
def test_every_bucket_refuses_to_speak_without_tls(file: str, logical_id: str, bucket: dict[str, Any]) -> None:
    """T147."""
    (policy,) = [
        policy["Properties"]["PolicyDocument"]
        for policy in resources(file, "AWS::S3::BucketPolicy").values()
        if policy["Properties"]["Bucket"] == {"Ref": logical_id}
    ]
    (denied,) = [part for part in statements(policy) if part["Effect"] == "Deny"]
    arn = {"Fn::GetAtt": [logical_id, "Arn"]}
    assert denied["Resource"] == [arn, {"Fn::Sub": ["${Bucket}/*", {"Bucket": arn}]}]
    assert (denied["Principal"], denied["Action"]) == ("*", ["s3:*"])
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("bucket", ["LakeBucket", "ArtifactsBucket"])
def test_the_lakes_buckets_belong_to_their_owner_alone_and_spare_calls_to_the_key(bucket: str) -> None:
    """T147."""
    settings = properties(STACK, bucket)
    assert settings["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = settings["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


@pytest.mark.parametrize(("bucket", "prefix"), [("LakeBucket", "s3/lake/"), ("ArtifactsBucket", "s3/artifacts/")])
def test_access_to_the_lakes_buckets_is_logged(bucket: str, prefix: str) -> None:
    """T61: under the prefix that the logs bucket's policy allows."""
    logging = {"DestinationBucketName": imported("security-LogsBucketName"), "LogFilePrefix": prefix}
    assert properties(STACK, bucket)["LoggingConfiguration"] == logging


def test_every_new_object_of_the_lake_is_told_to_eventbridge() -> None:
    """T146."""
    told = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert properties(STACK, "LakeBucket")["NotificationConfiguration"] == told


@pytest.mark.parametrize("prefix", ["raw/", "curated/"])
def test_data_moves_to_cheaper_storage_over_time(prefix: str) -> None:
    """T148: not before thirty days."""
    moved = [{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 30}]
    assert _lifecycle("LakeBucket")[prefix]["Transitions"] == moved
    assert "ExpirationInDays" not in _lifecycle("LakeBucket")[prefix]


@pytest.mark.parametrize(("prefix", "days"), [("quarantine/", 90), ("athena-results/", 7)])
def test_what_nobody_asks_for_again_leaves_the_lake(prefix: str, days: int) -> None:
    assert _lifecycle("LakeBucket")[prefix]["ExpirationInDays"] == days


def test_two_copies_of_the_platform_do_not_share_a_lake() -> None:
    """T12."""
    name = {"Fn::Sub": "${Project}-${Environment}-lake-${AWS::AccountId}-${AWS::Region}"}
    assert properties(STACK, "LakeBucket")["BucketName"] == name


def test_database_carts_and_lake_are_backed_up_each_night_and_kept_35_days() -> None:
    """T149, T150: by snapshot, as continuous backup would take the cluster's settings over."""
    (rule,) = properties(STACK, "BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["ScheduleExpression"] == "cron(0 5 * * ? *)"
    assert rule["Lifecycle"] == {"DeleteAfterDays": 35}
    assert rule["TargetBackupVault"] == {"Ref": "BackupVault"}
    assert rule.get("EnableContinuousBackup", False) is False
    selection = properties(STACK, "BackupSelection")
    assert selection["BackupPlanId"] == {"Ref": "BackupPlan"}
    assert selection["BackupSelection"]["IamRoleArn"] == {"Fn::GetAtt": ["BackupRole", "Arn"]}
    assert selection["BackupSelection"]["Resources"] == [
        {"Fn::GetAtt": ["Database", "DBClusterArn"]},
        {"Fn::GetAtt": ["CartTable", "Arn"]},
        {"Fn::GetAtt": ["LakeBucket", "Arn"]},
    ]


def test_backups_are_made_and_restored_under_the_policies_that_exist() -> None:
    """T149: those for S3 have no path."""
    names = [
        arn["Fn::Sub"].removeprefix("arn:${AWS::Partition}:iam::aws:policy/")
        for arn in properties(STACK, "BackupRole")["ManagedPolicyArns"]
    ]
    assert names == [
        "service-role/AWSBackupServiceRolePolicyForBackup",
        "service-role/AWSBackupServiceRolePolicyForRestores",
        "AWSBackupServiceRolePolicyForS3Backup",
        "AWSBackupServiceRolePolicyForS3Restore",
    ]


def test_a_backup_that_fails_is_told_to_the_operators() -> None:
    rule = properties(STACK, "BackupFailed")
    assert rule["EventPattern"] == {
        "source": ["aws.backup"],
        "detail-type": ["Backup Job State Change"],
        "detail": {"state": ["ABORTED", "EXPIRED", "FAILED"], "backupVaultName": [{"Ref": "BackupVault"}]},
    }
    assert [target["Arn"] for target in rule["Targets"]] == [imported("security-OperationsTopicArn")]


def test_the_application_finds_every_endpoint_under_its_own_path() -> None:
    """T133, T201: of the reader too, and of the bus."""
    path = "/${Project}/${Environment}/"
    written = {
        settings["Name"]["Fn::Sub"].removeprefix(path): settings["Value"]
        for _, _, settings in everywhere("AWS::SSM::Parameter")
    }
    assert written == PARAMETERS


def test_an_alarm_tells_when_the_writer_or_the_reader_nears_its_limit() -> None:
    """The cluster's own figure is their average, behind which a full reader hides."""
    settings = properties(STACK, "DatabaseCapacityExhausted")
    result, *measured = settings["Metrics"]
    assert (result["Expression"], result["ReturnData"]) == ("MAX([writer, reader])", True)
    for query, instance in zip(measured, ("DatabaseWriter", "DatabaseReader"), strict=True):
        metric = query["MetricStat"]["Metric"]
        assert (metric["Namespace"], metric["MetricName"]) == ("AWS/RDS", "ACUUtilization")
        assert metric["Dimensions"] == [{"Name": "DBInstanceIdentifier", "Value": {"Ref": instance}}]
        assert (query["MetricStat"]["Stat"], query["MetricStat"]["Period"], query["ReturnData"]) == (
            "Average",
            60,
            False,
        )
    assert [query["Id"] for query in measured] == ["writer", "reader"]
    assert (settings["Threshold"], settings["EvaluationPeriods"]) == (90, 15)


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_tells_when_database_or_cache_nears_its_limit(alarm: str) -> None:
    """T139, T198, T199: four fifths of the 2000 connections that half a unit allows."""
    settings = properties(STACK, alarm)
    seen = (settings["Namespace"], settings["MetricName"], settings["Threshold"], settings["Dimensions"])
    assert seen == ALARMS[alarm]
    assert settings["ComparisonOperator"] == "GreaterThanThreshold"
