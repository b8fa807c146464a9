"""One task of the storefront's own image, network and role: migrations, and the first products."""

from __future__ import annotations

import json
import time
from typing import Any

from retail.ops import stacks
from retail.ops.cli import CliError, StackError, ask, say
from retail.ops.stacks import Stack

MIGRATE = "retail.storefront.migrate"
SEED = "retail.storefront.seed"

POLL_SECONDS = 3
LONGEST_SECONDS = 15 * 60
LAST_LINES = 15
"""Of the task's log, in the word about its failure."""


def run(application: Stack, module: str) -> None:
    """Run ``python -m <module>`` as a task and wait for its end. Raises StackError unless it ends with 0."""
    names = stacks.outputs(application, "ClusterName", "ServiceName")
    cluster, region = names["ClusterName"], application.region
    found = ask("ecs", "describe-services", "--cluster", cluster, "--services", names["ServiceName"], region=region)
    service = found["services"][0]
    definition = ask(
        "ecs", "describe-task-definition", "--task-definition", service["taskDefinition"], region=region
    )["taskDefinition"]  # fmt: skip
    container = definition["containerDefinitions"][0]
    started = time.monotonic()
    say(f"{module} ...")
    request = {
        "cluster": cluster,
        "taskDefinition": service["taskDefinition"],
        "launchType": "FARGATE",
        "networkConfiguration": service["networkConfiguration"],
        "overrides": {"containerOverrides": [{"name": container["name"], "command": ["python", "-m", module]}]},
        "startedBy": "deploy",
    }
    begun = ask("ecs", "run-task", "--cli-input-json", json.dumps(request), region=region)
    if not begun["tasks"]:
        raise StackError(_failure(module, f"ECS has not started it: {json.dumps(begun.get('failures', []))}", []))
    task = _ended(cluster, begun["tasks"][0]["taskArn"], module, region)
    status = task["containers"][0].get("exitCode")
    if status != 0:
        cause = f"it ended with {status}" if status is not None else task.get("stoppedReason", "it never began")
        raise StackError(_failure(module, cause, _log(container, task["taskArn"], region)))
    say(f"{module} done in {time.monotonic() - started:.1f} s")


def _ended(cluster: str, arn: str, module: str, region: str) -> Any:
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        task = ask("ecs", "describe-tasks", "--cluster", cluster, "--tasks", arn, region=region)["tasks"][0]
        if task["lastStatus"] == "STOPPED":
            return task
        if time.monotonic() > deadline:
            raise StackError(_failure(module, f"{arn} is still {task['lastStatus']} after 15 minutes", []))
        time.sleep(POLL_SECONDS)


def _log(container: Any, arn: str, region: str) -> list[str]:
    """The end of what the task has said; nothing if it has said nothing."""
    options = container.get("logConfiguration", {}).get("options", {})
    stream = f"{options.get('awslogs-stream-prefix')}/{container['name']}/{arn.rpartition('/')[2]}"
    try:
        events = ask(
            "logs", "get-log-events", "--log-group-name", options.get("awslogs-group", ""),
            "--log-stream-name", stream, "--limit", str(LAST_LINES),
            region=region,
        )["events"]  # fmt: skip
    except CliError as error:
        return [f"no log: {error}"]
    return [event["message"].rstrip() for event in events]


def _failure(module: str, cause: str, log: list[str]) -> str:
    return "\n".join([f"{module} failed.", f"  cause: {cause}", *(f"    {line}" for line in log)])
