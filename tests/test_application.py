"""04 Application: two tasks in two zones, up to twenty, and each may do what it must and no more."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.emitted import imported, properties, resources, statements, template

STACK = "04-application"
KEY = imported("security-KeyArn")
DATABASE_SECRET = imported("security-DatabaseSecretArn")
LAKE = "arn:${AWS::Partition}:s3:::${Project}-${Environment}-lake-${AWS::AccountId}-${AWS::Region}"
HERE = "${AWS::Region}:${AWS::AccountId}"
CACHE = "arn:${AWS::Partition}:elasticache:" + HERE
PARAMETERS = "arn:${AWS::Partition}:ssm:" + HERE + ":parameter/${Project}/${Environment}"
SERVICE_DIMENSIONS = [
    {"Name": "ClusterName", "Value": {"Ref": "Cluster"}},
    {"Name": "ServiceName", "Value": {"Fn::GetAtt": ["StorefrontService", "Name"]}},
]
ALARMS = {
    "StorefrontCpuTooHigh": ("AWS/ECS", "CPUUtilization", "GreaterThanThreshold", 90),
    "StorefrontMemoryTooHigh": ("AWS/ECS", "MemoryUtilization", "GreaterThanThreshold", 85),
    "StorefrontTasksTooFew": ("ECS/ContainerInsights", "RunningTaskCount", "LessThanThreshold", 2),
}


def _task() -> dict[str, Any]:
    return properties(STACK, "StorefrontTask")


def _container() -> dict[str, Any]:
    (container,) = _task()["ContainerDefinitions"]
    return dict(container)


def _service() -> dict[str, Any]:
    return properties(STACK, "StorefrontService")


def _grants(role: str) -> dict[str, list[Any]]:
    """Each action that a role may take, and on what."""
    settings = properties(STACK, role)
    assert "ManagedPolicyArns" not in settings
    (policy,) = settings["Policies"]
    return {
        action: part["Resource"]
        for part in statements(policy["PolicyDocument"])
        for action in part["Action"]
        if part["Effect"] == "Allow"
    }


def _scaling(policy: str) -> dict[str, Any]:
    settings = properties(STACK, policy)
    assert settings["ScalingTargetId"] == {"Ref": "StorefrontScaling"}
    assert settings["PolicyType"] == "TargetTrackingScaling"
    return dict(settings["TargetTrackingScalingPolicyConfiguration"])


def test_the_task_runs_on_arm_with_half_a_processor_and_one_gigabyte() -> None:
    """T121, T219."""
    task = _task()
    assert (task["Cpu"], task["Memory"]) == ("512", "1024")
    assert task["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
    assert (task["RequiresCompatibilities"], task["NetworkMode"]) == (["FARGATE"], "awsvpc")


def test_the_container_writes_nowhere_but_to_its_scratch_volume() -> None:
    assert _container()["ReadonlyRootFilesystem"] is True
    mounts = [(mount["SourceVolume"], mount["ContainerPath"]) for mount in _container()["MountPoints"]]
    assert mounts == [("scratch", "/tmp")]
    assert _task()["Volumes"] == [{"Name": "scratch"}]


def test_the_container_does_not_run_as_root() -> None:
    assert _container()["User"] == "10001"
    assert "Privileged" not in _container()


def test_tasks_have_no_public_address_and_stand_in_the_application_subnets() -> None:
    network = _service()["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert network["Subnets"] == {"Fn::Split": [",", imported("networking-AppSubnetIds")]}
    assert network["SecurityGroups"] == [imported("security-ServiceSecurityGroupId")]


def test_the_load_balancer_and_the_tasks_agree_on_the_port() -> None:
    """T98."""
    (balanced,) = _service()["LoadBalancers"]
    assert balanced["TargetGroupArn"] == imported("ingress-TargetGroupArn")
    assert (balanced["ContainerName"], balanced["ContainerPort"]) == (_container()["Name"], 8080)
    assert _container()["PortMappings"] == [{"ContainerPort": 8080, "Protocol": "tcp"}]
    assert {"Name": "PORT", "Value": "8080"} in _container()["Environment"]


def test_the_agent_injects_user_name_and_password_and_nothing_that_does_not_exist_yet() -> None:
    """T114, T115: a key that is missing from the secret stops the task."""
    expected = [
        {"Name": name, "ValueFrom": {"Fn::Sub": [f"${{Secret}}:{key}::", {"Secret": DATABASE_SECRET}]}}
        for name, key in (("DATABASE_USERNAME", "username"), ("DATABASE_PASSWORD", "password"))
    ]
    assert _container()["Secrets"] == expected


def test_the_task_learns_the_endpoints_from_its_parameters() -> None:
    """T201: the data stack comes later."""
    path = {"Name": "PARAMETERS_PATH", "Value": {"Fn::Sub": "/${Project}/${Environment}"}}
    assert path in _container()["Environment"]


def test_the_containers_log_goes_to_the_group_under_the_key() -> None:
    """T122: not to one that the driver makes without key or end."""
    options = _container()["LogConfiguration"]["Options"]
    assert options["awslogs-group"] == {"Ref": "StorefrontLogs"}
    assert "awslogs-create-group" not in options


def test_container_and_load_balancer_ask_for_liveness_not_readiness() -> None:
    """T113: neither database nor bus exists when this stack is made."""
    assert "/healthz" in _container()["HealthCheck"]["Command"][-1]


def test_the_stack_stands_on_its_own_before_there_is_an_image() -> None:
    """T107: a public image that answers the health check on the real port."""
    default = template(STACK)["Parameters"]["ContainerImage"]["Default"]
    condition, command, otherwise = _container()["Command"]["Fn::If"]
    assert default.startswith("public.ecr.aws/")
    assert template(STACK)["Conditions"][condition] == {"Fn::Equals": [{"Ref": "ContainerImage"}, default]}
    assert command[:2] == ["python", "-c"]
    assert re.search(r'"/healthz"', command[2])
    assert re.search(r"8080", command[2])
    assert otherwise == {"Ref": "AWS::NoValue"}
    assert _container()["Image"] == {"Ref": "ContainerImage"}


def test_the_stand_in_is_python_that_compiles() -> None:
    """T107."""
    script = _container()["Command"]["Fn::If"][1][2]
    assert "Handler" in compile(script, "stand-in", "exec").co_names


def test_the_service_begins_with_two_tasks_and_an_update_can_keep_what_it_has() -> None:
    """T111."""
    desired = {"Fn::If": ["HasDesiredCount", {"Ref": "DesiredCount"}, {"Ref": "AWS::NoValue"}]}
    assert _service()["DesiredCount"] == desired
    assert template(STACK)["Parameters"]["DesiredCount"]["Default"] == "2"
    kept = {"Fn::Not": [{"Fn::Equals": [{"Ref": "DesiredCount"}, "keep"]}]}
    assert template(STACK)["Conditions"]["HasDesiredCount"] == kept


def test_a_service_begins_with_no_fewer_tasks_than_it_keeps_and_no_more_than_it_may_have() -> None:
    """T112: scaling lifts no service that was made with fewer than its least."""
    counts = [str(count) for count in range(2, 21)]
    assert template(STACK)["Parameters"]["DesiredCount"]["AllowedValues"] == ["keep", *counts]


def test_the_service_scales_from_two_to_twenty() -> None:
    """T124."""
    target = properties(STACK, "StorefrontScaling")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 20)
    assert (target["ServiceNamespace"], target["ScalableDimension"]) == ("ecs", "ecs:service:DesiredCount")
    names = {"Cluster": {"Ref": "Cluster"}, "Service": {"Fn::GetAtt": ["StorefrontService", "Name"]}}
    assert target["ResourceId"] == {"Fn::Sub": ["service/${Cluster}/${Service}", names]}


def test_the_service_scales_out_when_cpu_passes_70_percent() -> None:
    """T123."""
    scaling = _scaling("ScaleOnCpu")
    metric = scaling["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert (metric, scaling["TargetValue"]) == ("ECSServiceAverageCPUUtilization", 70)


def test_the_service_scales_out_when_requests_per_task_pass_the_threshold() -> None:
    """T123: the label is the load balancer's name, then the target group's."""
    scaling = _scaling("ScaleOnRequests")
    metric = scaling["PredefinedMetricSpecification"]
    assert metric["PredefinedMetricType"] == "ALBRequestCountPerTarget"
    names = [imported("ingress-LoadBalancerFullName"), imported("ingress-TargetGroupFullName")]
    assert metric["ResourceLabel"] == {"Fn::Join": ["/", names]}
    assert scaling["TargetValue"] == 1000


@pytest.mark.parametrize("policy", ["ScaleOnCpu", "ScaleOnRequests"])
def test_the_service_scales_back_down_but_slower_than_up(policy: str) -> None:
    scaling = _scaling(policy)
    assert scaling["ScaleOutCooldown"] < scaling["ScaleInCooldown"]
    assert scaling.get("DisableScaleIn", False) is False


def test_a_bad_deployment_is_stopped_and_rolled_back() -> None:
    """T108."""
    deployment = _service()["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


def test_a_deployment_never_leaves_fewer_tasks_than_wanted_and_keeps_the_zones_even() -> None:
    """T126."""
    deployment = _service()["DeploymentConfiguration"]
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
    assert _service()["AvailabilityZoneRebalancing"] == "ENABLED"


def test_a_starting_task_is_not_killed_for_being_slow() -> None:
    """T129."""
    assert 60 <= _service()["HealthCheckGracePeriodSeconds"] <= 120


def test_the_platform_knows_how_to_inject_one_key_of_a_secret() -> None:
    """T115: 1.4.0 or newer."""
    assert (_service()["LaunchType"], _service()["PlatformVersion"]) == ("FARGATE", "LATEST")


def test_ecs_and_the_application_do_not_share_a_role() -> None:
    """T117."""
    task = _task()
    assert task["ExecutionRoleArn"] == {"Fn::GetAtt": ["ExecutionRole", "Arn"]}
    assert task["TaskRoleArn"] == {"Fn::GetAtt": ["TaskRole", "Arn"]}


def test_the_task_may_do_exactly_what_the_narrative_grants() -> None:
    """T118, T119, T201: the lake, the bus, the carts, Bedrock; and its parameters, cache and key."""
    carts = [{"Fn::Sub": f"arn:${{AWS::Partition}}:dynamodb:{HERE}:table/${{Project}}-${{Environment}}-carts"}]
    bus = f"arn:${{AWS::Partition}}:events:{HERE}:event-bus/${{Project}}-${{Environment}}-RetailEventBus"
    own_parameters = [{"Fn::Sub": PARAMETERS}, {"Fn::Sub": PARAMETERS + "/*"}]
    model = "arn:${AWS::Partition}:bedrock:*::foundation-model/${BedrockModelId}"
    profile = f"arn:${{AWS::Partition}}:bedrock:{HERE}:inference-profile/${{BedrockGeography}}.${{BedrockModelId}}"
    models = [
        {"Fn::Sub": model},
        {"Fn::If": ["HasInferenceProfile", {"Fn::Sub": profile}, {"Ref": "AWS::NoValue"}]},
    ]
    assert _grants("TaskRole") == {
        "s3:PutObject": [{"Fn::Sub": f"{LAKE}/raw/{domain}/*"} for domain in ("orders", "products")],
        "events:PutEvents": [{"Fn::Sub": bus}],
        "dynamodb:Query": carts,
        "dynamodb:PutItem": carts,
        "dynamodb:DeleteItem": carts,
        "bedrock:InvokeModel": models,
        "ssm:GetParametersByPath": own_parameters,
        "elasticache:Connect": [
            {"Fn::Sub": f"{CACHE}:serverlesscache:${{Project}}-${{Environment}}-cache"},
            {"Fn::Sub": f"{CACHE}:user:${{Project}}-${{Environment}}-shop"},
        ],
        "kms:Decrypt": [KEY],
        "kms:GenerateDataKey": [KEY],
    }


def test_the_agent_may_pull_the_image_inject_the_secret_and_open_the_log() -> None:
    """T117: without kms:Decrypt the task never starts."""
    image = [{"Fn::GetAtt": ["Repository", "Arn"]}]
    log = [{"Fn::GetAtt": ["StorefrontLogs", "Arn"]}]
    assert _grants("ExecutionRole") == {
        "ecr:BatchCheckLayerAvailability": image,
        "ecr:GetDownloadUrlForLayer": image,
        "ecr:BatchGetImage": image,
        "ecr:GetAuthorizationToken": ["*"],
        "logs:CreateLogStream": log,
        "logs:PutLogEvents": log,
        "secretsmanager:GetSecretValue": [DATABASE_SECRET],
        "kms:Decrypt": [KEY],
    }


def test_the_model_is_called_by_its_inference_profile_where_there_is_one() -> None:
    """T120."""
    profile = {"Fn::Sub": "${BedrockGeography}.${BedrockModelId}"}
    model = {"Fn::If": ["HasInferenceProfile", profile, {"Ref": "BedrockModelId"}]}
    assert {"Name": "MODEL_ID", "Value": model} in _container()["Environment"]


def test_images_are_scanned_and_their_tags_never_move() -> None:
    """T128."""
    repository = properties(STACK, "Repository")
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert repository["ImageTagMutability"] == "IMMUTABLE"


def test_the_repository_keeps_the_newest_thirty_images() -> None:
    """T128: the policy is JSON in text."""
    policy = json.loads(properties(STACK, "Repository")["LifecyclePolicy"]["LifecyclePolicyText"])
    (rule,) = policy["rules"]
    selected = rule["selection"]
    assert (selected["countType"], selected["countNumber"]) == ("imageCountMoreThan", 30)
    assert rule["action"] == {"type": "expire"}


def test_the_cluster_counts_its_tasks() -> None:
    """T197: RunningTaskCount comes from Container Insights."""
    settings = properties(STACK, "Cluster")["ClusterSettings"]
    assert settings == [{"Name": "containerInsights", "Value": "enabled"}]


def test_the_clusters_figures_land_in_a_group_under_the_key() -> None:
    """Made before ECS would make it without one, as Lambda does (T169)."""
    group = properties(STACK, "ContainerInsightsLogs")["LogGroupName"]["Fn::Sub"]
    cluster = properties(STACK, "Cluster")["ClusterName"]["Fn::Sub"]
    assert group == f"/aws/ecs/containerinsights/{cluster}/performance"
    assert resources(STACK)["Cluster"]["DependsOn"] == "ContainerInsightsLogs"


def test_each_task_is_found_by_name_inside_the_vpc() -> None:
    """T127."""
    (registry,) = _service()["ServiceRegistries"]
    assert registry == {"RegistryArn": {"Fn::GetAtt": ["StorefrontRegistration", "Arn"]}}
    registration = properties(STACK, "StorefrontRegistration")
    assert registration["NamespaceId"] == {"Ref": "Namespace"}
    (record,) = registration["DnsConfig"]["DnsRecords"]
    assert (record["Type"], registration["DnsConfig"]["RoutingPolicy"]) == ("A", "MULTIVALUE")
    assert "HealthCheckCustomConfig" in registration
    assert properties(STACK, "Namespace")["Vpc"] == imported("networking-VpcId")


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_tells_when_tasks_are_too_few_or_too_busy(alarm: str) -> None:
    settings = properties(STACK, alarm)
    seen = (
        settings["Namespace"],
        settings["MetricName"],
        settings["ComparisonOperator"],
        settings["Threshold"],
    )
    assert seen == ALARMS[alarm]
    assert settings["Dimensions"] == SERVICE_DIMENSIONS


def test_no_news_of_the_tasks_is_bad_news() -> None:
    assert properties(STACK, "StorefrontTasksTooFew")["TreatMissingData"] == "breaching"


def test_the_service_runs_the_storefronts_task_in_the_cluster() -> None:
    assert _service()["Cluster"] == {"Ref": "Cluster"}
    assert _service()["TaskDefinition"] == {"Ref": "StorefrontTask"}
    assert _container()["Essential"] is True
