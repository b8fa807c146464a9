"""ECS's awslogs driver: what the tasks write goes to their deployed log group, line by line, as the execution role."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

PERIOD_SECONDS = 0.5
AT_A_TIME = 1_000


class LogDriver:
    """Follows files and brings their lines to streams of one group."""

    def __init__(self, client: Any, group: str, tell: Callable[[str, str], None]) -> None:
        """``tell`` is told, once, when lines cannot be delivered; they are lost then, as with a non-blocking driver."""
        self._client, self._group, self._tell = client, group, tell
        self._stopping = Event()
        self._thread = Thread(target=self._follow, name="awslogs", daemon=True)
        self._read: dict[str, int] = {}
        self._failed = False

    def start(self, files: Mapping[str, Path]) -> None:
        """Begin to follow the files, by the names of their streams."""
        self._files = files
        self._thread.start()

    def stop(self) -> None:
        """Follow no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self) -> None:
        while not self._stopping.wait(PERIOD_SECONDS):
            for stream, path in self._files.items():
                try:
                    self._deliver(stream, path)
                except (ClientError, BotoCoreError) as error:
                    if not self._failed:
                        self._tell("awslogs", f"lines of {stream} cannot be delivered: {error}")
                    self._failed = True

    def _deliver(self, stream: str, path: Path) -> None:
        with path.open("rb") as file:
            file.seek(self._read.get(stream, 0))
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        if not whole:
            return
        if stream not in self._read:
            self._client.create_log_stream(logGroupName=self._group, logStreamName=stream)
        self._read[stream] = self._read.get(stream, 0) + len(whole)
        now = int(time.time() * 1000)
        # CloudWatch refuses an empty message.
        events = [{"timestamp": now, "message": line or " "} for line in whole.decode(errors="replace").splitlines()]
        for start in range(0, len(events), AT_A_TIME):
            self._client.put_log_events(
                logGroupName=self._group, logStreamName=stream, logEvents=events[start : start + AT_A_TIME]
            )
