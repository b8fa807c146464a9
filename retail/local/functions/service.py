"""The functions of the platform, from start to stop.

with desk(Roles(aws)) as credentials:
    functions = Functions(aws, names, credentials, state, trust={"SSL_CERT_FILE": ...})
    functions.start()
    ...
    cursor, runs = functions.runs.since(0)
    functions.stop()
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Event, Thread

import boto3

from retail.local.emulator import REGION, Emulator
from retail.local.functions import code, configured
from retail.local.functions.configured import Function
from retail.local.functions.logs import Log
from retail.local.functions.metrics import count
from retail.local.functions.pool import Pool
from retail.local.functions.runs import Run, Runs
from retail.local.functions.worker import Queue, Worker
from retail.local.roles.desk import Desk
from retail.local.roles.sessions import LAMBDA

FLUSH_SECONDS = 0.5


class Functions:
    """Works off the queues of functions by their names, by what Lambda's API says of them.

    Function and mapping are asked for again every few seconds, so that a stack deployed anew is followed. `runs` tells
    what has run.
    """

    def __init__(
        self, aws: Emulator, names: Iterable[str], credentials: Desk, state: Path, trust: Mapping[str, str]
    ) -> None:
        """`trust` is the part of the environment that names the certificates of local servers."""
        self.runs = Runs()
        self._aws, self._credentials, self._trust = aws, credentials, dict(trust)
        self._folder = state / "functions"
        root = boto3.session.Session(
            aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )
        self._cloudwatch = root.client("cloudwatch", endpoint_url=aws.url)
        self._sqs = root.client("sqs", endpoint_url=aws.url)
        api = root.client("lambda", endpoint_url=aws.url)
        self._workers = [Worker(name, api, self._pool, self._queue, self._tell) for name in names]
        self._logs: dict[str, Log] = {}
        self._stopping = Event()
        self._flusher = Thread(target=self._flush, name="function-logs", daemon=True)

    def start(self) -> None:
        """Begin to take from the queues, each as soon as its mapping is enabled."""
        self._runtime = code.runtime(self._folder / "runtime")
        for worker in self._workers:
            worker.start()
        self._flusher.start()

    def stop(self) -> None:
        """End at once. Messages that are being worked on come back, if ever their queue is seen again."""
        self._stopping.set()
        stopping = [Thread(target=worker.stop) for worker in self._workers]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        self._flusher.join()

    @property
    def troubles(self) -> dict[str, str]:
        """What keeps a function from its work now, by its name; one line each."""
        found = {worker.name: worker.trouble for worker in self._workers}
        for name, log in list(self._logs.items()):
            found[name] = found[name] or log.trouble
        return {name: trouble for name, trouble in found.items() if trouble}

    def _pool(self, function: Function) -> Pool:
        session = self._credentials.roles.session(function.role_arn, LAMBDA, function.name)
        log = Log(function, lambda: session.client("logs", endpoint_url=self._aws.url))
        self._logs[function.name] = log
        return Pool(function, log, self._folder / "code", self._runtime, self._environment)

    def _queue(self, function: Function, mapping: configured.Mapping) -> Queue:
        """Lambda goes to the queue as the function's role (T162), and needs no permission to find it."""
        url = self._sqs.get_queue_url(QueueName=mapping.queue_name)["QueueUrl"]
        return Queue(self._credentials.roles.client(function.role_arn, LAMBDA, function.name, "sqs"), url)

    def _environment(self, function: Function) -> dict[str, str]:
        """What a function needs to find this AWS and no other, as its role."""
        return {
            "AWS_ENDPOINT_URL": self._aws.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **self._credentials.environment(function.role_arn, LAMBDA, function.name),
            **self._trust,
        }

    def _tell(self, run: Run) -> None:
        self.runs.add(run)
        count(self._cloudwatch, run)

    def _flush(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            for log in list(self._logs.values()):
                log.flush()
