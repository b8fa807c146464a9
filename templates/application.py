"""04 Application: the storefront on ECS Fargate; two tasks in two zones, up to twenty when shoppers come, and none
of them reachable but through the load balancer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from troposphere import Equals, GetAtt, If, Join, Not, Ref, Sub
from troposphere.applicationautoscaling import (
    PredefinedMetricSpecification,
    ScalableTarget,
    ScalingPolicy,
    TargetTrackingScalingPolicyConfiguration,
)
from troposphere.ecr import EncryptionConfiguration, ImageScanningConfiguration, LifecyclePolicy, Repository
from troposphere.ecs import (
    AwsvpcConfiguration,
    Cluster,
    ClusterSetting,
    ContainerDefinition,
    DeploymentCircuitBreaker,
    DeploymentConfiguration,
    Environment,
    HealthCheck,
    LinuxParameters,
    LoadBalancer,
    LogConfiguration,
    MountPoint,
    NetworkConfiguration,
    PortMapping,
    RuntimePlatform,
    Secret,
    Service,
    ServiceRegistry,
    TaskDefinition,
    Volume,
)
from troposphere.iam import Role
from troposphere.logs import LogGroup
from troposphere.servicediscovery import (
    DnsConfig,
    DnsRecord,
    HealthCheckCustomConfig,
    PrivateDnsNamespace,
)
from troposphere.servicediscovery import Service as DiscoveryService

from retail import names, policies
from retail.blocks import alarms, logs
from retail.config import Config
from retail.contracts import lake, secrets, settings
from retail.stack import STATEFUL, Stack, Value, either, json_text
from templates.ingress import Ingress
from templates.networking import Networking
from templates.security import Security

IMAGE = "Storefront"
MODEL = "Recommendations"

STAND_IN_IMAGE = "public.ecr.aws/docker/library/python:3.13-alpine"
"""Runs until the storefront's own image is pushed to this stack's repository (T107)."""

STAND_IN_PROGRAM = """\
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 503)
        self.end_headers()
ThreadingHTTPServer(("", {port}), Handler).serve_forever()
"""

NOBODY = "10001"
"""The user that the container runs as."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """What this stack hands to later ones."""

    cluster_name: Annotated[Value, "The ECS cluster."]
    service_name: Annotated[Value, "The storefront's service."]


def build(config: Config, networking: Networking, security: Security, ingress: Ingress) -> tuple[Stack, Application]:
    """Build the application stack. Data and events come later: the tasks find them through SSM (T201)."""
    stack = Stack(4, "application", __doc__ or "")
    repository = image_repository(stack, security)
    cluster = fargate_cluster(stack, config, security)
    log = stack.add_resource(
        logs.log_group("StorefrontLogs", key_arn=security.key_arn, retention_days=config.log_retention_days)
    )
    model = Model.choose(stack)
    task = storefront_task(
        stack,
        config,
        security,
        log,
        model,
        starter=execution_role(stack, security, repository, log),
        role=task_role(stack, security, model),
    )
    service = storefront_service(stack, config, networking, security, ingress, cluster, task)
    scale(stack, config, ingress, cluster, service)
    service_alarms(stack, config, security, cluster, service)

    return stack, stack.export(
        Application,
        cluster_name=Ref(cluster),
        service_name=GetAtt(service, "Name"),
    )


def image_repository(stack: Stack, security: Security) -> Repository:
    """Where the storefront's images are pushed; a tag, once pushed, is for ever that image."""
    repository = stack.add_resource(
        Repository(
            "Repository",
            EncryptionConfiguration=EncryptionConfiguration(EncryptionType="KMS", KmsKey=security.key_arn),
            ImageScanningConfiguration=ImageScanningConfiguration(ScanOnPush=True),
            ImageTagMutability="IMMUTABLE",
            LifecyclePolicy=LifecyclePolicy(LifecyclePolicyText=json_text(keep_images(30))),
            Tags=stack.tags("storefront"),
            **STATEFUL,
        )
    )
    stack.output(
        "RepositoryUri",
        Description="Where the storefront's image is pushed.",
        Value=GetAtt(repository, "RepositoryUri"),
    )
    return repository


def keep_images(number: int) -> dict[str, Any]:
    """The repository's lifecycle: the newest images, so that a release can be rolled back."""
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"Keep the newest {number} images",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": number},
                "action": {"type": "expire"},
            }
        ]
    }


def fargate_cluster(stack: Stack, config: Config, security: Security) -> Cluster:
    """The cluster, with Container Insights, which counts the running tasks (T197)."""
    # Container Insights would make this group itself, without key and for ever.
    insights_logs = stack.add_resource(
        logs.log_group(
            "ContainerInsightsLogs",
            name=Sub(f"/aws/ecs/containerinsights/{names.PREFIX}/performance"),
            key_arn=security.key_arn,
            retention_days=config.log_retention_days,
        )
    )
    return stack.add_resource(
        Cluster(
            "Cluster",
            ClusterName=Sub(names.PREFIX),
            ClusterSettings=[ClusterSetting(Name="containerInsights", Value="enabled")],
            Tags=stack.tags("cluster"),
            DependsOn=insights_logs.title,
        )
    )


@dataclass(frozen=True, kw_only=True)
class Model:
    """The Bedrock model that recommends products, and the ARNs by which it is reached."""

    id: Value
    arns: list[Value]

    @classmethod
    def choose(cls, stack: Stack) -> Model:
        """Add the parameters that choose the model.

        Current models are called through an inference profile, which sends a request to any Region of a geography;
        IAM wants the profile's ARN and that of the model in each Region (T120).
        """
        model = stack.parameter(
            "BedrockModelId",
            group=MODEL,
            label="Model",
            Description="Bedrock model that recommends products.",
            Default="amazon.nova-lite-v1:0",
            AllowedPattern=r"[a-z0-9-]+\.[a-zA-Z0-9.:-]+",
        )
        geography = stack.parameter(
            "BedrockGeography",
            group=MODEL,
            label="Inference profile",
            Description="Geography of the cross-Region inference profile to call the model by; none calls it in this "
            "Region.",
            Default="none",
            AllowedValues=["none", "us", "eu", "apac", "global"],
        )
        has_profile = stack.condition("HasInferenceProfile", Not(Equals(geography, "none")))
        profile = "${BedrockGeography}.${BedrockModelId}"
        return cls(
            id=If(has_profile, Sub(profile), model),
            arns=[
                names.arn("bedrock:*::foundation-model/${BedrockModelId}"),
                either(has_profile, names.arn(f"bedrock:{names.ACCOUNT}:inference-profile/{profile}")),
            ],
        )


def execution_role(stack: Stack, security: Security, repository: Repository, log: LogGroup) -> Role:
    """ECS's own role, apart from the task's (T117)."""
    return stack.add_resource(
        policies.role(
            "ExecutionRole",
            "ecs-tasks",
            *policies.may_pull_image(GetAtt(repository, "Arn")),
            policies.may_write_logs(GetAtt(log, "Arn")),
            policies.may_read_secret(security.database_secret_arn),
            policies.may_decrypt(security.key_arn, "secretsmanager"),
            description="Lets ECS start a task: pull its image, inject its secrets, open its log.",
        )
    )


def task_role(stack: Stack, security: Security, model: Model) -> Role:
    """The narrative's list and no more; besides it, the login to the cache, which has no password (T145)."""
    return stack.add_resource(
        policies.role(
            "TaskRole",
            "ecs-tasks",
            policies.may_write_lake(lake.raw("orders"), lake.raw("products")),
            policies.may_publish_events(),
            policies.may_keep_carts(),
            policies.may_ask_model(*model.arns),
            policies.may_read_parameters(),
            policies.may_reach_cache(),
            policies.may_use_key(security.key_arn),
            description="What the storefront itself may do.",
        )
    )


def storefront_task(
    stack: Stack, config: Config, security: Security, log: LogGroup, model: Model, *, starter: Role, role: Role
) -> TaskDefinition:
    """One container of half a CPU and a gigabyte, which writes nothing to its own file system but below /tmp.

    Its image declares /tmp as a volume, or the mount would belong to root and not to the container's user.
    """
    image = stack.parameter(
        "ContainerImage",
        group=IMAGE,
        label="Image",
        Description="The storefront's image, by tag or digest, from this stack's repository. The default only answers "
        "the health check, so that this stack can be made before there is an image.",
        Default=STAND_IN_IMAGE,
        AllowedPattern=r"[a-z0-9][a-zA-Z0-9./_-]*(:[a-zA-Z0-9._-]+)?(@sha256:[0-9a-f]{64})?",
    )
    is_stand_in = stack.condition("IsStandIn", Equals(image, STAND_IN_IMAGE))
    told = settings.Storefront(
        parameters_path=names.PARAMETERS.name,
        model_id=model.id,
        port=str(config.container_port),
    )
    injected = settings.Credentials(
        database_username=Sub(f"${{Secret}}:{secrets.USERNAME}::", Secret=security.database_secret_arn),
        database_password=Sub(f"${{Secret}}:{secrets.PASSWORD}::", Secret=security.database_secret_arn),
    )
    return stack.add_resource(
        TaskDefinition(
            "StorefrontTask",
            RequiresCompatibilities=["FARGATE"],
            NetworkMode="awsvpc",
            Cpu=str(config.task_cpu_units),
            Memory=str(config.task_memory_mib),
            RuntimePlatform=RuntimePlatform(CpuArchitecture="ARM64", OperatingSystemFamily="LINUX"),
            ExecutionRoleArn=GetAtt(starter, "Arn"),
            TaskRoleArn=GetAtt(role, "Arn"),
            Volumes=[Volume(Name="scratch")],
            ContainerDefinitions=[
                ContainerDefinition(
                    Name="storefront",
                    Image=image,
                    Command=either(is_stand_in, ["python", "-c", STAND_IN_PROGRAM.format(port=config.container_port)]),
                    Essential=True,
                    User=NOBODY,
                    ReadonlyRootFilesystem=True,
                    LinuxParameters=LinuxParameters(InitProcessEnabled=True),
                    MountPoints=[MountPoint(SourceVolume="scratch", ContainerPath="/tmp", ReadOnly=False)],
                    PortMappings=[PortMapping(ContainerPort=config.container_port, Protocol="tcp")],
                    Environment=[Environment(Name=name, Value=value) for name, value in told.variables().items()],
                    Secrets=[Secret(Name=name, ValueFrom=value) for name, value in injected.variables().items()],
                    HealthCheck=HealthCheck(
                        Command=[
                            "CMD",
                            "python",
                            "-c",
                            "from urllib.request import urlopen; "
                            f"urlopen('http://127.0.0.1:{config.container_port}/healthz', timeout=2)",
                        ],
                        Interval=15,
                        Timeout=5,
                        Retries=3,
                        StartPeriod=30,
                    ),
                    StopTimeout=60,
                    LogConfiguration=LogConfiguration(
                        LogDriver="awslogs",
                        Options={
                            "awslogs-group": Ref(log),
                            "awslogs-region": Ref("AWS::Region"),
                            "awslogs-stream-prefix": "storefront",
                            "mode": "non-blocking",
                        },
                    ),
                )
            ],
            Tags=stack.tags("storefront"),
        )
    )


def storefront_service(
    stack: Stack,
    config: Config,
    networking: Networking,
    security: Security,
    ingress: Ingress,
    cluster: Cluster,
    task: TaskDefinition,
) -> Service:
    """The tasks behind the load balancer, over two zones; a deployment that does not become healthy is rolled back."""
    count = stack.parameter(
        "DesiredCount",
        group=IMAGE,
        label="Tasks to begin with",
        Description="How many tasks to run at first. On an update say keep, or a service that has scaled out falls "
        "back to this number.",
        Default=str(config.min_tasks),
        AllowedValues=["keep", *map(str, range(config.min_tasks, config.max_tasks + 1))],
    )
    has_count = stack.condition("HasDesiredCount", Not(Equals(count, "keep")))
    namespace = stack.add_resource(
        PrivateDnsNamespace(
            "Namespace",
            Name=Sub(f"{names.PREFIX}.internal"),
            Description="Names by which services inside the VPC find one another",
            Vpc=networking.vpc_id,
            Tags=stack.tags("namespace"),
        )
    )
    registration = stack.add_resource(
        DiscoveryService(
            "StorefrontRegistration",
            Name="storefront",
            Description="The storefront's tasks",
            NamespaceId=Ref(namespace),
            DnsConfig=DnsConfig(DnsRecords=[DnsRecord(Type="A", TTL=10)], RoutingPolicy="MULTIVALUE"),
            HealthCheckCustomConfig=HealthCheckCustomConfig(FailureThreshold=1),
            Tags=stack.tags("storefront"),
        )
    )
    return stack.add_resource(
        Service(
            "StorefrontService",
            Cluster=Ref(cluster),
            TaskDefinition=Ref(task),
            LaunchType="FARGATE",
            PlatformVersion="LATEST",
            DesiredCount=either(has_count, count),
            AvailabilityZoneRebalancing="ENABLED",
            DeploymentConfiguration=DeploymentConfiguration(
                MinimumHealthyPercent=100,
                MaximumPercent=200,
                DeploymentCircuitBreaker=DeploymentCircuitBreaker(Enable=True, Rollback=True),
            ),
            HealthCheckGracePeriodSeconds=90,
            NetworkConfiguration=NetworkConfiguration(
                AwsvpcConfiguration=AwsvpcConfiguration(
                    AssignPublicIp="DISABLED",
                    Subnets=networking.app_subnet_ids,
                    SecurityGroups=[security.service_security_group_id],
                )
            ),
            LoadBalancers=[
                LoadBalancer(
                    ContainerName="storefront",
                    ContainerPort=config.container_port,
                    TargetGroupArn=ingress.target_group_arn,
                )
            ],
            ServiceRegistries=[ServiceRegistry(RegistryArn=GetAtt(registration, "Arn"))],
            PropagateTags="SERVICE",
            EnableECSManagedTags=True,
            Tags=stack.tags("storefront"),
        )
    )


def scale(stack: Stack, config: Config, ingress: Ingress, cluster: Cluster, service: Service) -> None:
    """From two tasks to twenty: by their CPU, and by the requests that each of them gets."""
    target = stack.add_resource(
        ScalableTarget(
            "StorefrontScaling",
            ServiceNamespace="ecs",
            ScalableDimension="ecs:service:DesiredCount",
            ResourceId=Sub("service/${Cluster}/${Service}", Cluster=Ref(cluster), Service=GetAtt(service, "Name")),
            MinCapacity=config.min_tasks,
            MaxCapacity=config.max_tasks,
        )
    )
    by_requests = Join("/", [ingress.load_balancer_full_name, ingress.target_group_full_name])
    for title, metric, value, more in (
        ("ScaleOnCpu", "ECSServiceAverageCPUUtilization", config.cpu_target_percent, {}),
        (
            "ScaleOnRequests",
            "ALBRequestCountPerTarget",
            config.requests_per_task_per_minute,
            {"ResourceLabel": by_requests},
        ),
    ):
        stack.add_resource(
            ScalingPolicy(
                title,
                PolicyName=title,
                PolicyType="TargetTrackingScaling",
                ScalingTargetId=Ref(target),
                TargetTrackingScalingPolicyConfiguration=TargetTrackingScalingPolicyConfiguration(
                    PredefinedMetricSpecification=PredefinedMetricSpecification(PredefinedMetricType=metric, **more),
                    TargetValue=value,
                    ScaleOutCooldown=60,
                    ScaleInCooldown=300,
                ),
            )
        )


def service_alarms(stack: Stack, config: Config, security: Security, cluster: Cluster, service: Service) -> None:
    """What is wrong with the service as a whole."""
    dimensions = {"ClusterName": Ref(cluster), "ServiceName": GetAtt(service, "Name")}
    load, tasks = (
        alarms.Watched(topic_arn=security.operations_topic_arn, namespace=namespace, dimensions=dimensions)
        for namespace in ("AWS/ECS", "ECS/ContainerInsights")
    )
    stack.add_resource(
        [
            load.alarm(
                "StorefrontCpuTooHigh",
                "CPU stays above 90 % although the service may scale out: the most tasks may be running already.",
                "CPUUtilization",
                runbook="storefront-load",
                statistic="Average",
                threshold=90,
                times=10,
            ),
            load.alarm(
                "StorefrontMemoryTooHigh",
                "Memory stays above 85 %: tasks are about to be killed.",
                "MemoryUtilization",
                runbook="storefront-load",
                statistic="Average",
                threshold=85,
                times=5,
            ),
            tasks.alarm(
                "StorefrontTasksTooFew",
                f"Fewer than {config.min_tasks} tasks run: one zone alone carries the shop, or none does.",
                "RunningTaskCount",
                runbook="storefront-tasks",
                statistic="Minimum",
                comparison="LessThanThreshold",
                threshold=config.min_tasks,
                times=5,
                missing="breaching",
            ),
        ]
    )
