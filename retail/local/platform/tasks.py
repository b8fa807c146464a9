"""ECS on this machine: the storefront's tasks, as the deployed service and its task definition say.

Each task has an address of its own, as in a VPC, and listens there on the container's port; it is registered in the
service's target group. One that ends is started again after a moment. What Fargate adds is not acted out: CPU and
memory, the read-only file system, the image itself (its command runs from the sources here).
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from threading import Event, Thread
from urllib.error import URLError
from urllib.request import urlopen

from retail.local.platform.definition import Definition, resolved
from retail.local.platform.deployed import Deployed
from retail.local.platform.log_driver import LogDriver
from retail.local.processes import REPOSITORY, Server, ServerError, python
from retail.local.roles.desk import Desk
from retail.local.roles.sessions import ECS_TASKS

RESTART_SECONDS = 1.0
POLL_SECONDS = 0.2


def subnet(port: int) -> str:
    """The beginning of addresses of this machine at which nobody listens on the port."""
    random = SystemRandom()
    while True:
        beginning = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
        with socket.socket() as probe:
            if probe.connect_ex((f"{beginning}.1", port)):
                return beginning


@dataclass(slots=True)
class Task:
    """A task's place, and the process in it."""

    name: str
    host: str
    server: Server


class Service:
    """The storefront's service: as many tasks as the deployed service wants."""

    def __init__(
        self,
        deployed: Deployed,
        environment: Mapping[str, str],
        desk: Desk,
        logs: Path,
        tell: Callable[[str, str], None],
    ) -> None:
        """``environment`` is what this machine adds; ``tell`` takes the name of a task and what became of it."""
        self.definition = Definition.read(deployed)
        self._elb = deployed.client("elbv2")
        agent = (self.definition.execution_role, ECS_TASKS, "ecs-agent")
        self._secrets = desk.roles.client(*agent, "secretsmanager")
        self._driver = LogDriver(desk.roles.client(*agent, "logs"), self.definition.log_group, tell)
        self._machine, self._desk, self._logs, self._tell = environment, desk, logs, tell
        self._stopping = Event()
        self._watch = Thread(target=self._keep, name="ecs", daemon=True)
        self.tasks: Sequence[Task] = ()

    def environment(self, name: str) -> dict[str, str]:
        """What a task is told: its definition's variables and secrets, and where its role's credentials are."""
        return {
            **self._machine,
            **self._desk.environment(self.definition.task_role, ECS_TASKS, name),
            **self.definition.environment,
            **resolved(self.definition.secrets, self._secrets),
        }

    def start(self) -> None:
        """Start the tasks side by side, and keep them running. Raises ServerError if one does not start."""
        beginning = subnet(self.definition.port)
        self.tasks = [self._task(f"{beginning}.{number}", number) for number in range(1, self.definition.count + 1)]
        with ThreadPoolExecutor(max_workers=len(self.tasks) or 1) as pool:
            list(pool.map(self._run, self.tasks))
        self._driver.start({f"{self.definition.log_prefix}/{task.name}": task.server.log for task in self.tasks})
        self._watch.start()

    def run(self, module: str, *arguments: str) -> None:
        """Run a module to its end as a task of the service's own role. Raises ServerError with what it said last."""
        name = module.rpartition(".")[2]
        done = subprocess.run(
            python(module, *arguments),
            cwd=REPOSITORY,
            env=self.environment(name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        log = self._logs / f"{name}.log"
        log.write_text(done.stdout)
        if done.returncode:
            said = done.stdout.strip().splitlines() or ["it said nothing"]
            raise ServerError(f"{module} fails: {said[-1]}; see {log}")

    def stop(self) -> None:
        """Stop them all, side by side."""
        self._stopping.set()
        if self._watch.is_alive():
            self._watch.join()
        with ThreadPoolExecutor(max_workers=len(self.tasks) or 1) as pool:
            list(pool.map(lambda task: task.server.stop(), self.tasks))
        self._driver.stop()

    def kill(self, name: str) -> None:
        """Kill a task's process as the kernel does when memory runs out; the service starts another."""
        task = next(each for each in self.tasks if each.name == name)
        if child := task.server.child:
            child.kill()

    def _task(self, host: str, number: int) -> Task:
        url = f"http://{host}:{self.definition.port}{self.definition.health_path}"
        return Task(
            name=f"task-{number}",
            host=host,
            server=Server(
                python("retail.local.platform.storefront", host),
                log=self._logs / f"task-{number}.log",
                is_ready=lambda: _answers(url),
                environment=self.environment(f"task-{number}"),
            ),
        )

    def _run(self, task: Task) -> None:
        task.server.start()
        self._elb.register_targets(
            TargetGroupArn=self.definition.target_group, Targets=[{"Id": task.host, "Port": self.definition.port}]
        )

    def _keep(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            for task in self.tasks:
                if not task.server.is_running:
                    self._replace(task)

    def _replace(self, task: Task) -> None:
        said = task.server.last_line()
        self._tell(task.name, f"ended and is started again; it said last: {said}")
        self._elb.deregister_targets(
            TargetGroupArn=self.definition.target_group, Targets=[{"Id": task.host, "Port": self.definition.port}]
        )
        task.server.stop()
        if self._stopping.wait(RESTART_SECONDS):
            return
        try:
            self._run(task)
        except ServerError as error:
            self._tell(task.name, str(error))


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
