"""An execution environment: one process with the function's code, which works off one event at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from retail.local.functions.configured import Function
from retail.local.functions.output import Output
from retail.local.functions.runtime_api import Invocation, RuntimeApi, Told

INIT_SECONDS = 10
"""What Lambda gives an environment to load the code before it begins anew within the function's time-out."""

KILL_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answered, or why it did not, as Lambda's API would say it."""

    content: Any = None
    error: str = ""  # errorType: errorMessage
    is_usable: bool = True
    """Whether the environment may be given another event."""


class ExecutionEnvironment:
    """A copy of a function. Not for two threads at a time."""

    def __init__(
        self,
        function: Function,
        code: Path,
        runtime: Path,
        environment: Mapping[str, str],
        hear: Callable[[str], None],
    ) -> None:
        """`environment` is what Lambda sets besides the function's own variables; `hear` gets each line of output."""
        self.function = function
        self._api = RuntimeApi()
        self._process = subprocess.Popen(
            # Without site-packages the function has what its zip and Lambda's runtime bring, and no more.
            [sys.executable, "-S", "-m", "awslambdaric", function.handler],
            cwd=code,
            env=_environment(function, code, runtime)
            | dict(environment)
            | {"AWS_LAMBDA_RUNTIME_API": self._api.address},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._output = Output(self._process.stdout, hear, self._ended)

    def initialise(self) -> Answer:
        """Wait until the code is loaded; an answer with an error if it cannot be."""
        seconds = max(INIT_SECONDS, self.function.timeout_seconds)
        try:
            told = self._api.told.get(timeout=seconds)
        except Empty:
            return self._unusable(f"Sandbox.Timedout: the code is not loaded after {seconds} seconds")
        return Answer() if told.kind == "ready" else self._unusable(_error(told))

    def invoke(self, event: Any) -> Answer:
        """Give the function an event, and wait as long as its time-out allows. Then it is killed."""
        seconds, request_id = self.function.timeout_seconds, str(uuid4())
        deadline = time.time() + seconds
        self._api.give(Invocation(request_id, self.function.arn, int(deadline * 1000), json.dumps(event).encode()))
        try:
            told = self._api.told.get(timeout=seconds)
        except Empty:
            return self._unusable(f"Sandbox.Timedout: Task timed out after {seconds}.00 seconds")
        if told.kind == "ended":
            return self._unusable(_error(told))
        # It is done when it asks for the next event.
        try:
            is_usable = self._api.told.get(timeout=max(0, deadline - time.time())).kind == "ready"
        except Empty:
            is_usable = False
        self._output.drain()
        if told.kind == "answer":
            return Answer(told.content, is_usable=is_usable)
        return Answer(error=_error(told), is_usable=is_usable)

    def stop(self) -> None:
        """Kill it, with whatever it has started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(KILL_SECONDS)
        self._output.join(KILL_SECONDS)
        self._api.close()

    def _unusable(self, error: str) -> Answer:
        return Answer(error=error, is_usable=False)

    def _ended(self) -> None:
        status = self._process.wait()
        reason = f"Runtime exited with signal {-status}" if status < 0 else f"Runtime exited with status {status}"
        self._api.told.put(Told("ended", {"errorType": "Runtime.ExitError", "errorMessage": reason}))


def _error(told: Told) -> str:
    return f"{told.content.get('errorType', 'Error')}: {told.content.get('errorMessage', '')}"


def _environment(function: Function, code: Path, runtime: Path) -> dict[str, str]:
    """The variables that Lambda sets, after the function's own, which cannot overrule them."""
    return function.variables | {
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": function.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_REGION": function.region,
        "LAMBDA_RUNTIME_DIR": str(runtime),
        "LAMBDA_TASK_ROOT": str(code),
        "LANG": "en_US.UTF-8",
        "PATH": os.defpath,
        "PYTHONPATH": f"{code}{os.pathsep}{runtime}",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }
