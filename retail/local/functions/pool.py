"""A function's execution environments: warm ones are used again, one event at a time each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from retail.local.functions import code
from retail.local.functions.configured import Function
from retail.local.functions.environment import Answer, ExecutionEnvironment
from retail.local.functions.logs import Log


@dataclass(eq=False)
class _Warm:
    """An environment and what it has written since its event began."""

    environment: ExecutionEnvironment
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an event was worked off."""

    answer: Answer
    seconds: float
    is_cold: bool
    log: list[str]


@dataclass
class Pool:
    """The environments of one configuration of a function. Threads may share it."""

    function: Function
    log: Log
    folder: Path  # for code
    runtime: Path
    environment: Callable[[Function], Mapping[str, str]]
    _idle: list[_Warm] = field(default_factory=list)
    _all: list[_Warm] = field(default_factory=list)
    _is_retired: bool = False
    _is_stopped: bool = False
    _lock: Lock = field(default_factory=Lock)
    _unpacking: Lock = field(default_factory=Lock)

    def invoke(self, event: Any) -> Outcome:
        """Work off one event, in a warm environment if one is idle. Raises CodeError or OSError."""
        with self._lock:
            warm = self._idle.pop() if self._idle else None
        is_cold = warm is None
        started = time.monotonic()
        if warm is None:
            warm = self._new()
            answer = warm.environment.initialise()
            self.log.platform("initReport", "INIT_REPORT", status=answer.error or "success")
        else:
            warm.lines.clear()
            answer = Answer()
        if not answer.error:
            started = time.monotonic()
            answer = warm.environment.invoke(event)
        seconds = time.monotonic() - started
        log = list(warm.lines)
        self._report(seconds, answer)
        self._give_back(warm, answer.is_usable)
        return Outcome(answer, seconds, is_cold, log)

    def retire(self) -> None:
        """Use no environment again: what runs may finish."""
        with self._lock:
            self._is_retired, idle, self._idle = True, self._idle, []
        for warm in idle:
            self._end(warm)

    def stop(self) -> None:
        """Kill every environment, the busy ones too."""
        with self._lock:
            self._is_retired = self._is_stopped = True
            every, self._idle = list(self._all), []
        for warm in every:
            self._end(warm)

    def _code(self) -> Path:
        with self._unpacking:
            return code.unpacked(self.function, self.folder)

    def _new(self) -> _Warm:
        lines: list[str] = []

        def hear(line: str) -> None:
            lines.append(line)
            self.log.write(line)

        environment = ExecutionEnvironment(
            self.function,
            self._code(),
            self.runtime,
            {**self.environment(self.function), "AWS_LAMBDA_LOG_STREAM_NAME": self.log.stream},
            hear,
        )
        warm = _Warm(environment, lines)
        with self._lock:
            self._all.append(warm)
            is_late = self._is_stopped
        if is_late:
            self._end(warm)
        return warm

    def _give_back(self, warm: _Warm, is_usable: bool) -> None:
        with self._lock:
            if is_usable and not self._is_retired:
                self._idle.append(warm)
                return
        self._end(warm)

    def _end(self, warm: _Warm) -> None:
        with self._lock:
            if warm not in self._all:
                return
            self._all.remove(warm)
        warm.environment.stop()

    def _report(self, seconds: float, answer: Answer) -> None:
        milliseconds = round(seconds * 1000, 2)
        status = "timeout" if "Sandbox.Timedout" in answer.error else "error" if answer.error else "success"
        text = f"REPORT Duration: {milliseconds} ms Memory Size: {self.function.memory_mib} MB Status: {status}"
        metrics = {"durationMs": milliseconds, "memorySizeMB": self.function.memory_mib}
        failed = {"errorType": answer.error} if answer.error else {}
        self.log.platform("report", f"{text} {answer.error}".rstrip(), status=status, metrics=metrics, **failed)
