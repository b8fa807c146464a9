"""What functions write, in their deployed log groups."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from retail.local.functions.configured import Function
from retail.local.roles.sessions import NotTrustedError

AT_A_TIME = 1_000


class Log:
    """One function's log: a stream of the log group for this run of the platform, as its role writes it."""

    def __init__(self, function: Function, client: Callable[[], Any]) -> None:
        """`client` makes a CloudWatch Logs client that is the function's role."""
        self.stream = f"{datetime.now(UTC):%Y/%m/%d}/{function.name}[$LATEST]{uuid4().hex}"
        self.trouble = ""
        self._group = function.log_group
        self._is_json = function.log_format == "JSON"
        self._make = client
        self._client: Any = None
        self._waiting: list[tuple[int, str]] = []
        self._lock = Lock()

    def write(self, line: str) -> None:
        """Take a line; `flush` brings it to the log group."""
        with self._lock:
            self._waiting.append((int(time.time() * 1000), line))

    def platform(self, kind: str, text: str, **record: Any) -> None:
        """Take a line of Lambda's own, such as ``platform.report``."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = json.dumps({"time": at, "type": f"platform.{kind}", "record": record})
        self.write(told if self._is_json else text)

    def flush(self) -> None:
        """Bring what waits to the log group. Without the permission it is lost, as in AWS, and `trouble` says so."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        try:
            for start in range(0, len(waiting), AT_A_TIME):
                self._put(waiting[start : start + AT_A_TIME])
                self.trouble = ""
        except (ClientError, BotoCoreError, NotTrustedError) as error:
            self.trouble = str(error)

    def _put(self, lines: list[tuple[int, str]]) -> None:
        if self._client is None:
            client = self._make()
            client.create_log_stream(logGroupName=self._group, logStreamName=self.stream)
            self._client = client
        # CloudWatch refuses an empty message.
        events = [{"timestamp": at, "message": line or " "} for at, line in lines]
        self._client.put_log_events(logGroupName=self._group, logStreamName=self.stream, logEvents=events)
