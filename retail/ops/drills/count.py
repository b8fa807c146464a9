"""The shop's state, counted by a task of the service's own image and role: from outside nobody reaches the database."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from retail.ops import stacks
from retail.ops.cli import StackError
from retail.ops.drills.place import Place
from retail.storefront.census import PREFIX

MODULE = "retail.storefront.census"
CONTAINER = "storefront"
TASK_SECONDS = 900
"""How long a task may take, from its image to its end."""
LOG_SECONDS = 60
POLL_SECONDS = 2


class NotCounted(StackError):
    """The state cannot be counted; the message says why."""


def count(place: Place, moment: datetime, host: str = "") -> dict[str, str]:
    """Rows and their hash by table, as of the moment, in the shop's database or at another host. Raises NotCounted."""
    ecs, cluster = place.client("ecs"), place.made(stacks.APPLICATION, "Cluster")
    service = ecs.describe_services(cluster=cluster, services=[place.made(stacks.APPLICATION, "StorefrontService")])
    running = service["services"][0]
    definition = ecs.describe_task_definition(taskDefinition=running["taskDefinition"])["taskDefinition"]
    if definition["containerDefinitions"][0].get("command"):
        raise NotCounted("the stand-in runs, which knows no database; deploy 04 with the storefront's image")
    command = ["python", "-m", MODULE, moment.isoformat(), *([host] if host else [])]
    started = ecs.run_task(
        cluster=cluster,
        taskDefinition=running["taskDefinition"],
        launchType="FARGATE",
        networkConfiguration=running["networkConfiguration"],
        overrides={"containerOverrides": [{"name": CONTAINER, "command": command}]},
    )
    if not started["tasks"]:
        raise NotCounted(f"ECS starts no task: {started['failures'][0].get('reason', 'it does not say why')}")
    arn = started["tasks"][0]["taskArn"]
    ended = _ended(ecs, cluster, arn)
    if ended["containers"][0].get("exitCode") != 0:
        raise NotCounted(f"task {arn} failed: {ended.get('stoppedReason', 'see its log')}")
    return _counted(place, arn.rpartition("/")[2])


def _ended(ecs: Any, cluster: str, arn: str) -> dict[str, Any]:
    deadline = time.monotonic() + TASK_SECONDS
    while time.monotonic() < deadline:
        (task,) = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
        if task["lastStatus"] == "STOPPED":
            return dict(task)
        time.sleep(POLL_SECONDS)
    raise NotCounted(f"task {arn} has not ended after {TASK_SECONDS} s")


def _counted(place: Place, task: str) -> dict[str, str]:
    """What the task has printed, once its log is there."""
    logs, group = place.client("logs"), place.made(stacks.APPLICATION, "StorefrontLogs")
    deadline = time.monotonic() + LOG_SECONDS
    while time.monotonic() < deadline:
        found = logs.filter_log_events(logGroupName=group, logStreamNames=[f"{CONTAINER}/{CONTAINER}/{task}"])["events"]
        for event in found:
            if event["message"].startswith(PREFIX):
                counted: dict[str, str] = json.loads(event["message"].removeprefix(PREFIX))
                return counted
        time.sleep(POLL_SECONDS)
    raise NotCounted(f"task {task} has printed no count; see its log in {group}")
