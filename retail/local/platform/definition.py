"""What a deployed service and its task definition say of its tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retail.local.platform.deployed import Deployed
from retail.ops import stacks


@dataclass(frozen=True, slots=True)
class Definition:
    """What the deployed service says of its tasks."""

    count: int
    environment: Mapping[str, str]
    secrets: Mapping[str, str]  # where each comes from, by variable
    port: int
    task_role: str
    execution_role: str
    target_group: str
    health_path: str
    log_group: str
    log_prefix: str

    @classmethod
    def read(cls, deployed: Deployed) -> Definition:
        """The only service of the application stack, and the container that its load balancer knows."""
        made = deployed.resources(stacks.APPLICATION).values()
        (service_arn,) = (each.physical_id for each in made if each.type == "AWS::ECS::Service")
        (cluster,) = (each.physical_id for each in made if each.type == "AWS::ECS::Cluster")
        ecs = deployed.client("ecs")
        service = ecs.describe_services(cluster=cluster, services=[service_arn])["services"][0]
        task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        (balancer,) = service["loadBalancers"]
        container = next(each for each in task["containerDefinitions"] if each["name"] == balancer["containerName"])
        logs = container["logConfiguration"]["options"]
        group = deployed.client("elbv2").describe_target_groups(TargetGroupArns=[balancer["targetGroupArn"]])
        return cls(
            count=service["desiredCount"],
            environment={each["name"]: each["value"] for each in container["environment"]},
            secrets={each["name"]: each["valueFrom"] for each in container.get("secrets", [])},
            port=balancer["containerPort"],
            task_role=task["taskRoleArn"],
            execution_role=task["executionRoleArn"],
            target_group=balancer["targetGroupArn"],
            health_path=group["TargetGroups"][0]["HealthCheckPath"],
            log_group=logs["awslogs-group"],
            log_prefix=f"{logs['awslogs-stream-prefix']}/{container['name']}",
        )


def resolved(secrets: Mapping[str, str], secretsmanager: Any) -> dict[str, str]:
    """The secrets' values as ECS's agent injects them: a secret's ARN, then the key of its JSON, stage and version."""
    values = {}
    for name, source in secrets.items():
        parts = source.split(":")
        arn, (key, stage, version) = ":".join(parts[:7]), [*parts[7:], "", "", ""][:3]
        which = {"VersionStage": stage, "VersionId": version}
        text = secretsmanager.get_secret_value(SecretId=arn, **{name: value for name, value in which.items() if value})[
            "SecretString"
        ]
        values[name] = json.loads(text)[key] if key else text
    return values
