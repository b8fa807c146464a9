"""The table of retail.local.gaps is exact: nothing on it survives, everything mended does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from retail.local.gaps import DROPPED, RECORDED_ONLY

Read = Callable[["World"], Any]


class World:
    """What the services know of the deployed stack."""

    def __init__(self, boto: Callable[..., Any], refs: Mapping[str, str]) -> None:
        self.boto, self.refs = boto, refs

    def alarm(self) -> Any:
        return self.boto("cloudwatch").describe_alarms(AlarmNames=["survival-calculated"])["MetricAlarms"][0]

    def flow_log(self) -> Any:
        return self.boto("ec2").describe_flow_logs()["FlowLogs"][0]

    def nat_gateway(self) -> Any:
        return self.boto("ec2").describe_nat_gateways(NatGatewayIds=[self.refs["Nat"]])["NatGateways"][0]

    def endpoint(self) -> Any:
        return self.boto("ec2").describe_vpc_endpoints(VpcEndpointIds=[self.refs["Endpoint"]])["VpcEndpoints"][0]

    def service(self) -> Any:
        return self.boto("ecs").describe_services(cluster="survival", services=["survival"])["services"][0]

    def container(self) -> Any:
        definition = self.boto("ecs").describe_task_definition(taskDefinition="survival")["taskDefinition"]
        return definition["containerDefinitions"][0]

    def user(self, name: str) -> Any:
        return self.boto("elasticache").describe_users(UserId=name)["Users"][0]["Authentication"]["Type"]

    def cluster(self) -> Any:
        return self.boto("rds").describe_db_clusters(DBClusterIdentifier="survival")["DBClusters"][0]

    def bucket(self, operation: str) -> Any:
        return getattr(self.boto("s3"), operation)(Bucket="survival-lake")

    def table(self) -> Any:
        return self.boto("dynamodb").describe_table(TableName="survival-carts")["Table"]

    def function(self) -> Any:
        return self.boto("lambda").get_function(FunctionName="survival")

    def topic(self) -> Any:
        return self.boto("sns").get_topic_attributes(TopicArn=self.refs["Topic"])["Attributes"]

    def secret(self) -> Any:
        return self.boto("secretsmanager").get_secret_value(SecretId=self.refs["Secret"])["SecretString"]

    def bus(self) -> Any:
        return self.boto("events").describe_event_bus(Name="survival")

    def trail(self) -> Any:
        return self.boto("cloudtrail").get_trail(Name="survival")["Trail"]


# Each reads the place where the service would show the property; a KeyError is a property that is not there.
LOST: dict[tuple[str, str], Read] = {
    ("AWS::CloudWatch::Alarm", "Metrics"): lambda world: world.alarm()["Metrics"],
    ("AWS::EC2::FlowLog", "DeliverLogsPermissionArn"): lambda world: world.flow_log()["DeliverLogsPermissionArn"],
    ("AWS::EC2::FlowLog", "LogFormat"): lambda world: world.flow_log()["LogFormat"],
    ("AWS::EC2::FlowLog", "MaxAggregationInterval"): lambda world: world.flow_log()["MaxAggregationInterval"],
    ("AWS::EC2::NatGateway", "AllocationId"): lambda world: world.nat_gateway()["NatGatewayAddresses"][0],
    ("AWS::EC2::VPCEndpoint", "PolicyDocument"): lambda world: world.endpoint()["PolicyDocument"],
    ("AWS::EC2::VPCEndpoint", "PrivateDnsEnabled"): lambda world: world.endpoint()["PrivateDnsEnabled"],
    ("AWS::EC2::VPCEndpoint", "SecurityGroupIds"): lambda world: world.endpoint()["Groups"],
    ("AWS::ECS::Service", "AvailabilityZoneRebalancing"): lambda world: world.service()["availabilityZoneRebalancing"],
    ("AWS::ElastiCache::User", "AuthenticationMode.Type"): lambda world: world.user("guest") == "iam",
    ("AWS::RDS::DBCluster", "EnableCloudwatchLogsExports"): lambda world: world.cluster()[
        "EnabledCloudwatchLogsExports"
    ],
    ("AWS::Glue::Job", "ExecutionProperty"): lambda world: world.boto("glue").get_job(JobName="survival")["Job"][
        "ExecutionProperty"
    ],
}

KEPT: dict[tuple[str, str], Read] = {
    ("AWS::S3::Bucket", "BucketEncryption"): lambda world: world.bucket("get_bucket_encryption")[
        "ServerSideEncryptionConfiguration"
    ]["Rules"][0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"],
    ("AWS::S3::Bucket", "LifecycleConfiguration"): lambda world: world.bucket("get_bucket_lifecycle_configuration")[
        "Rules"
    ][0]["Transitions"],
    ("AWS::S3::Bucket", "OwnershipControls"): lambda world: world.bucket("get_bucket_ownership_controls"),
    ("AWS::S3::Bucket", "Tags"): lambda world: world.bucket("get_bucket_tagging")["TagSet"],
    ("AWS::ECS::TaskDefinition", "ContainerDefinitions.Secrets"): lambda world: world.container()["secrets"][0][
        "valueFrom"
    ].endswith(":username::"),
    ("AWS::ECS::TaskDefinition", "ContainerDefinitions.HealthCheck"): lambda world: (
        world.container()["healthCheck"]["command"] == ["CMD", "true"]
    ),
    ("AWS::ECS::TaskDefinition", "ContainerDefinitions.LinuxParameters"): lambda world: world.container()[
        "linuxParameters"
    ]["initProcessEnabled"],
    ("AWS::ECS::Service", "DesiredCount"): lambda world: world.service()["desiredCount"] == 2,
    ("AWS::ECS::Service", "ServiceRegistries"): lambda world: world.service()["serviceRegistries"],
    ("AWS::ECS::Service", "HealthCheckGracePeriodSeconds"): lambda world: (
        world.service()["healthCheckGracePeriodSeconds"] == 90
    ),
    ("AWS::DynamoDB::Table", "SSESpecification"): lambda world: world.table()["SSEDescription"]["KMSMasterKeyArn"],
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification"): lambda world: (
        world.boto("dynamodb").describe_time_to_live(TableName="survival-carts")["TimeToLiveDescription"][
            "AttributeName"
        ]
        == "expires"
    ),
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification"): lambda world: (
        world.boto("dynamodb").describe_continuous_backups(TableName="survival-carts")["ContinuousBackupsDescription"][
            "PointInTimeRecoveryDescription"
        ]["PointInTimeRecoveryStatus"]
        == "ENABLED"
    ),
    ("AWS::Lambda::Function", "VpcConfig"): lambda world: world.function()["Configuration"]["VpcConfig"]["SubnetIds"],
    ("AWS::Lambda::Function", "KmsKeyArn"): lambda world: world.function()["Configuration"]["KMSKeyArn"],
    ("AWS::Lambda::Function", "DeadLetterConfig"): lambda world: world.function()["Configuration"]["DeadLetterConfig"][
        "TargetArn"
    ],
    ("AWS::Lambda::Function", "ReservedConcurrentExecutions"): lambda world: (
        world.function()["Concurrency"]["ReservedConcurrentExecutions"] == 5
    ),
    ("AWS::SNS::Topic", "KmsMasterKeyId"): lambda world: world.topic()["KmsMasterKeyId"],
    ("AWS::ElastiCache::User", "AuthenticationMode.Passwords"): lambda world: world.user("survival") == "password",
    ("AWS::SecretsManager::Secret", "GenerateSecretString.ExcludePunctuation"): lambda world: (
        world.secret().split('"password": ')[1].strip('"}').isalnum()
    ),
    ("AWS::Events::EventBus", "KmsKeyIdentifier"): lambda world: world.bus()["KmsKeyIdentifier"],
    ("AWS::Events::EventBus", "DeadLetterConfig"): lambda world: world.bus()["DeadLetterConfig"]["Arn"],
    ("AWS::Events::EventBusPolicy", "Statement"): lambda world: '"Deny"' in world.bus()["Policy"],
    ("AWS::RDS::DBCluster", "KmsKeyId"): lambda world: world.cluster()["KmsKeyId"],
    ("AWS::RDS::DBCluster", "DBClusterParameterGroupName"): lambda world: world.cluster()["DBClusterParameterGroup"],
    ("AWS::RDS::DBCluster", "Tags"): lambda world: world.cluster()["TagList"],
    ("AWS::CloudTrail::Trail", "CloudWatchLogsLogGroupArn"): lambda world: world.trail()["CloudWatchLogsLogGroupArn"],
    ("AWS::CloudTrail::Trail", "KMSKeyId"): lambda world: world.trail()["KmsKeyId"],
}


@pytest.fixture(scope="module")
def world(boto: Callable[..., Any], survival: dict[str, str]) -> World:
    return World(boto, survival)


def test_every_dropped_property_is_looked_for() -> None:
    assert set(LOST) == {(entry.resource_type, entry.path) for entry in DROPPED}


@pytest.mark.parametrize("entry", DROPPED, ids=lambda entry: f"{entry.resource_type}.{entry.path}")
def test_what_the_table_calls_dropped_is_really_lost(world: World, entry: Any) -> None:
    try:
        value = LOST[entry.resource_type, entry.path](world)
    except (KeyError, IndexError):
        return
    assert not value, f"{entry.path} survives now: take it off the table"


@pytest.mark.parametrize(("resource_type", "path"), KEPT, ids=lambda part: part)
def test_what_the_pack_mends_survives(world: World, resource_type: str, path: str) -> None:
    assert KEPT[resource_type, path](world)


@pytest.mark.parametrize("resource_type", RECORDED_ONLY)
def test_recorded_types_have_no_service_behind_them(boto: Callable[..., Any], resource_type: str) -> None:
    from botocore.exceptions import ClientError

    service, operation, request = {
        "ApplicationAutoScaling": ("application-autoscaling", "describe_scalable_targets", {"ServiceNamespace": "ecs"}),
        "GlobalAccelerator": ("globalaccelerator", "list_accelerators", {}),
        "RedshiftServerless": ("redshift-serverless", "list_namespaces", {}),
        "WAFv2": ("wafv2", "list_logging_configurations", {"Scope": "REGIONAL"}),
    }[resource_type.split("::")[1]]
    with pytest.raises(ClientError):
        getattr(boto(service), operation)(**request)
