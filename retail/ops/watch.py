"""What CloudFormation is making just now, asked for beside `aws cloudformation deploy`, which shows nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from retail.ops.cli import CliError, ask
from retail.ops.stacks import STARTS, Stack

POLL_SECONDS = 4


@contextmanager
def watching(stack: Stack, tell: Callable[[list[str]], None]) -> Iterator[None]:
    """Until the block ends, tell every few seconds which resources the stack is at."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            try:
                tell(at_work(stack))
            except CliError:  # not there yet, or a call too many: the deployment itself says what is wrong
                continue

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def at_work(stack: Stack) -> list[str]:
    """The resources that the stack's last operation has begun and not ended, as ``LogicalId (Type)``."""
    told = ask("cloudformation", "describe-stack-events", "--stack-name", stack.name, region=stack.region)
    latest: dict[str, tuple[str, str]] = {}
    for event in told["StackEvents"]:  # the newest first
        status = event["ResourceStatus"]
        if event["PhysicalResourceId"] == event["StackId"]:
            if status in STARTS:
                break
            continue
        latest.setdefault(event["LogicalResourceId"], (status, event["ResourceType"]))
    return [f"{name} ({kind})" for name, (status, kind) in latest.items() if status.endswith("_IN_PROGRESS")]
