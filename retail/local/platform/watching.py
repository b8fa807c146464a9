"""The running platform as the page sees it and drives it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from threading import Lock
from typing import Any

from retail.local.platform.lake import LakeError
from retail.local.platform.start import Platform
from retail.local.platform.traffic import Traffic
from retail.local.processes import ServerError
from retail.local.watch import poison
from retail.local.watch.readings import Readings
from retail.local.watch.watched import Answer, Job, Outcome, Process, Resource, Snapshot, Trouble

MOST_ROWS = 200


class Watching:
    """A running platform, for the page. Threads may share it."""

    def __init__(self, running: Platform) -> None:
        self._running = running
        self._readings = Readings(
            running.deployed,
            database_certificate=running.parts.postgres.result().certificate,
            cache_certificate=running.parts.cache.result().certificate,
        )
        self._reading = Lock()
        self._traffic = Traffic(running.edge, running.functions, running.deployed)
        self._job: Job | None = None

    @property
    def name(self) -> str:
        return f"{self._running.deployed.project}-{self._running.deployed.environment}"

    def resources(self) -> Sequence[Resource]:
        with self._reading:
            return self._readings.resources()

    def queries(self) -> Sequence[str]:
        with self._reading:
            return self._readings.queries()

    def snapshot(self) -> Snapshot:
        with self._reading:
            traffic = self._traffic.read()
            return Snapshot(
                at=time.time(),
                data=self._readings.read(),
                counts=traffic.counts,
                requests=traffic.requests,
                runs=traffic.runs,
                processes=self._processes(),
                job=self._job,
                troubles=[Trouble(each.at, each.where, each.text) for each in self._running.troubles.last],
            )

    def poison(self, pipeline: str) -> Outcome:
        return poison.send(self._running.deployed, pipeline)

    def stop(self, process: str) -> Outcome:
        if process in {task.name for task in self._running.storefront.tasks}:
            self._running.storefront.kill(process)
            return Outcome(True, f"{process} is killed. The service starts another.")
        if process not in self._running.dependencies.by_name:
            return Outcome(False, f"There is no {process}.")
        self._running.dependencies.stop(process)
        return Outcome(True, f"The {process} is down until it is started again.")

    def start(self, process: str) -> Outcome:
        if process not in self._running.dependencies.by_name:
            return Outcome(False, f"Nobody starts {process} but its service.")
        try:
            self._running.dependencies.start(process)
        except ServerError as error:
            return Outcome(False, _sentence(error))
        return Outcome(True, f"The {process} is back.")

    def curate(self) -> Outcome:
        began, started = time.time(), time.monotonic()
        self._job = Job("RUNNING", began, 0.0)
        try:
            self._running.lake.curate()
        except LakeError as error:
            self._job = Job("FAILED", began, time.monotonic() - started, str(error))
            return Outcome(False, _sentence(error))
        seconds = time.monotonic() - started
        self._job = Job("SUCCEEDED", began, seconds)
        return Outcome(True, f"The job has curated the lake in {seconds:.0f} s.")

    def query(self, name: str) -> Answer:
        try:
            found = self._running.lake.query(name)
        except LakeError as error:
            return Answer(False, _sentence(error))
        count = len(found.rows)
        text = f"{count} row{'' if count == 1 else 's'}" + (
            f", the first {MOST_ROWS} shown." if count > MOST_ROWS else "."
        )
        rows = [[_plain(value) for value in row] for row in found.rows[:MOST_ROWS]]
        return Answer(True, text, found.columns, rows)

    def close(self) -> None:
        """Close the connections."""
        with self._reading:
            self._readings.close()

    def _processes(self) -> list[Process]:
        service = self._running.storefront
        return [
            *(Process(each.name, each.is_up, each.address) for each in self._running.dependencies.by_name.values()),
            *(
                Process(
                    task.name,
                    task.server.is_running,
                    f"{task.host}:{service.definition.port}",
                    "" if task.server.is_running else "starts again in a moment",
                )
                for task in service.tasks
            ),
        ]


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    match value:
        case Decimal():
            return float(value)
        case datetime() | date():
            return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
        case None | bool() | int() | float() | str():
            return value
    return str(value)
