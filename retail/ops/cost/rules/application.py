"""Containers and functions."""

from __future__ import annotations

from collections.abc import Iterator

from retail.ops.cost.evaluate import Resource, Stack
from retail.ops.cost.item import HOURS, Item, Rule, Unpriced, above, floor, scales, within
from retail.ops.cost.usage import Usage, named

METRICS_OF_CLUSTER = 8
METRICS_OF_SERVICE = 11
METRICS_OF_TASK = 6
"""That Container Insights keeps, however many tasks run; from memory of a pricing example, to be re-checked."""

METRICS_OF_RELAYS = 2
"""What the tasks report of the outbox, which is one for all of them."""

ALARMS_OF_SCALING = 2
"""That target tracking makes and the account pays: one to scale out, one to scale in."""

POLLERS = 5
POLL_SECONDS = 20
REQUESTS_OF_MESSAGE = 3
"""A queue that feeds a function is asked by five pollers, 20 seconds at a time, messages or none; each message is sent,
received and deleted besides. From memory of Lambda's documentation."""

MODEL = "amazon.nova-lite-v1:0"


def repository(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """The images kept."""
    yield scales("image_gb", use.image_gb)


def cluster(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """What Container Insights measures of the cluster, its services and their tasks."""
    settings = {each["Name"]: each["Value"] for each in resource.properties.get("ClusterSettings", [])}
    match settings.get("containerInsights", "disabled"):
        case "enabled":
            services = len(stack.of("AWS::ECS::Service"))
            yield floor("metric_month", METRICS_OF_CLUSTER + services * (METRICS_OF_SERVICE + METRICS_OF_TASK))
        case "disabled":
            pass
        case other:
            raise Unpriced(stack, resource, f"containerInsights {other}")


def service(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """The tasks, within the bounds of their scaling, what they report, and the model that they ask."""
    task = stack.resources[resource.properties["TaskDefinition"]].properties
    if "EphemeralStorage" in task:
        raise Unpriced(stack, resource, "storage of a task beyond 20 GB")
    scaling = stack.of("AWS::ApplicationAutoScaling::ScalableTarget")[0].properties
    tasks = within(scaling["MinCapacity"], use.tasks, scaling["MaxCapacity"])
    architecture = task["RuntimePlatform"]["CpuArchitecture"].lower()
    for unit, size in (("vcpu", float(task["Cpu"])), ("gb", float(task["Memory"]))):
        price = f"fargate_{architecture}_{unit}_hour"
        yield from above(price, float(scaling["MinCapacity"]), tasks, size / 1024 * HOURS)
    yield floor("metric_month", METRICS_OF_RELAYS)
    model = stack.parameters.get("BedrockModelId", MODEL)
    if model != MODEL:
        raise Unpriced(stack, resource, f"model {model} has no price; {MODEL} has")
    yield scales("nova_lite_input", use.model_input_tokens)
    yield scales("nova_lite_output", use.model_output_tokens)


def scaling_policy(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """Free but for its alarms."""
    if resource.properties["PolicyType"] == "TargetTrackingScaling":
        yield floor("alarm_month", ALARMS_OF_SCALING)


def namespace(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A private hosted zone; names of ECS tasks in it are free."""
    yield floor("zone_month", 1)


def function(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A function's runs, and what it counts for its operators."""
    runs = named(use.functions, resource.title)
    architecture = resource.properties.get("Architectures", ["x86_64"])[0]
    seconds = runs["invocations"] * runs["milliseconds"] / 1000
    yield scales("lambda_request", runs["invocations"])
    yield scales(f"lambda_{architecture}_gb_second", seconds * resource.properties.get("MemorySize", 128) / 1024)
    yield scales("metric_month", runs["metrics"])


def queue_poll(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A queue that feeds a function."""
    if resource.properties.get("Enabled") is False:
        return
    yield floor("sqs_request", POLLERS * HOURS * 3600 / POLL_SECONDS)
    messages = named(use.functions, resource.properties["FunctionName"])["messages"]
    yield scales("sqs_request", messages * REQUESTS_OF_MESSAGE)


RULES: dict[str, Rule] = {
    "AWS::ECR::Repository": repository,
    "AWS::ECS::Cluster": cluster,
    "AWS::ECS::Service": service,
    "AWS::ApplicationAutoScaling::ScalingPolicy": scaling_policy,
    "AWS::ServiceDiscovery::PrivateDnsNamespace": namespace,
    "AWS::Lambda::Function": function,
    "AWS::Lambda::EventSourceMapping": queue_poll,
}

FREE = {
    "AWS::ECS::TaskDefinition": "billed by the service that runs it",
    "AWS::ApplicationAutoScaling::ScalableTarget": "scaling is free; its alarms are the policies'",
    "AWS::ServiceDiscovery::Service": "registrations of ECS tasks are free",
}
