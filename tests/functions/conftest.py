"""One emulator with policies enforced for this folder, and the notification's queue with the probe behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from retail.local.emulator import emulator
from tests.functions.stage import Queue, Stage, probe

AtWork = Callable[..., AbstractContextManager[Queue]]


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stacks, with the probe as the notification's code."""
    state = tmp_path_factory.mktemp("functions")
    with emulator(state=state, iam=True) as aws:
        made = Stage.foundation(aws, state)
        made.events(NotificationCodeKey=probe())
        yield made


@pytest.fixture
def at_work(stage: Stage) -> AtWork:
    """Work the notification's queue off, with changes to what is deployed: of the mapping, function and queue.

    Without changes the mapping is as it is emitted, but without a window, for whose end nobody wants to wait.
    """
    api, sqs = stage.deployed.client("lambda"), stage.deployed.client("sqs")
    name, url = stage.ref("Notification"), stage.ref("CustomerNotificationQueue")

    @contextmanager
    def working(*, timeout: int = 60, window: int = 0, batch: int = 10, at_once: int = 10) -> Iterator[Queue]:
        (mapping,) = api.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        changes: dict[str, Any] = {"BatchSize": batch, "MaximumBatchingWindowInSeconds": window}
        changes["ScalingConfig"] = {"MaximumConcurrency": at_once}
        api.update_event_source_mapping(UUID=mapping["UUID"], **changes)
        api.update_function_configuration(FunctionName=name, Timeout=timeout)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "365"})
        for queue in (url, stage.ref("CustomerNotificationDeadLetters")):
            sqs.purge_queue(QueueUrl=queue)
        with stage.functions("Notification") as functions:
            yield Queue(stage, functions)

    return working
