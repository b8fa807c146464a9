"""ECS, through its API: MiniStack's own handlers drop container secrets, health checks, registries and more."""

from __future__ import annotations

from retail.local.handlers.api import call, client
from retail.local.handlers.resource import Created, Place, Properties, Resource, changed, without

# What CreateService takes and UpdateService does not.
_FIXED = ("Cluster", "Role", "SchedulingStrategy", "ServiceName", "Tags", "LaunchType", "ForceNewDeployment")


def _register(properties: Properties, place: Place) -> Created:
    family = {"Family": f"{place.stack}{place.logical_id}"}
    arn = call("ecs", "register_task_definition", family | properties)["taskDefinition"]["taskDefinitionArn"]
    return arn, {"TaskDefinitionArn": arn}


def _retag(arn: str, old: Properties, new: Properties) -> None:
    if changed(old, new, "Tags"):
        client("ecs").untag_resource(resourceArn=arn, tagKeys=[tag["Key"] for tag in old.get("Tags", [])])
        call("ecs", "tag_resource", {"ResourceArn": arn, "Tags": new.get("Tags", [])})


def _update_task_definition(ref: str, old: Properties, new: Properties) -> Created:
    _retag(ref, old, new)
    return ref, {"TaskDefinitionArn": ref}


def _create_service(properties: Properties, place: Place) -> Created:
    request = {"ServiceName": place.name(255), "DesiredCount": 1} | without(properties, "ForceNewDeployment")
    service = call("ecs", "create_service", request)["service"]
    return service["serviceArn"], {"ServiceArn": service["serviceArn"], "Name": service["serviceName"]}


def _update_service(ref: str, old: Properties, new: Properties) -> Created:
    cluster, name = ref.split("/")[-2:]
    differing = {key: value for key, value in without(new, *_FIXED).items() if old.get(key) != value}
    call("ecs", "update_service", {"Cluster": cluster, "Service": name} | differing)
    _retag(ref, old, new)
    return ref, {"ServiceArn": ref, "Name": name}


def _delete_service(ref: str, properties: Properties) -> None:
    cluster, name = ref.split("/")[-2:]
    client("ecs").delete_service(cluster=cluster, service=name, force=True)


def _associate(properties: Properties) -> Created:
    call("ecs", "put_cluster_capacity_providers", properties)
    return properties["Cluster"], {}


TYPES = {
    "AWS::ECS::TaskDefinition": Resource(
        create=_register,
        update=_update_task_definition,
        delete=lambda ref, properties: client("ecs").deregister_task_definition(taskDefinition=ref),
        replaced_by=(
            "Family",
            "ContainerDefinitions",
            "Cpu",
            "EnableFaultInjection",
            "ExecutionRoleArn",
            "InferenceAccelerators",
            "Memory",
            "NetworkMode",
            "PlacementConstraints",
            "ProxyConfiguration",
            "RequiresCompatibilities",
            "RuntimePlatform",
            "TaskRoleArn",
            "Volumes",
            "PidMode",
            "IpcMode",
            "EphemeralStorage",
        ),
    ),
    "AWS::ECS::Service": Resource(
        create=_create_service,
        update=_update_service,
        delete=_delete_service,
        replaced_by=("Cluster", "Role", "SchedulingStrategy", "ServiceName"),
    ),
    "AWS::ECS::ClusterCapacityProviderAssociations": Resource(
        create=lambda properties, place: _associate(properties),
        update=lambda ref, old, new: _associate(new),
        delete=lambda ref, properties: client("ecs").put_cluster_capacity_providers(
            cluster=ref, capacityProviders=[], defaultCapacityProviderStrategy=[]
        ),
        replaced_by=("Cluster",),
    ),
}
