"""The start of the whole platform: each part when those that it needs are there, otherwise side by side."""

from __future__ import annotations

import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
import redis
from botocore.exceptions import BotoCoreError, ClientError

from retail.contracts import settings
from retail.local.functions.service import Functions
from retail.local.platform import code, family
from retail.local.platform.dependencies import Dependencies
from retail.local.platform.deployed import Deployed
from retail.local.platform.deployment import Deployment, Templates
from retail.local.platform.lake import Lake
from retail.local.platform.parts import Parts, parts
from retail.local.platform.state import State
from retail.local.platform.tasks import Service
from retail.local.processes import HOST, Server, ServerError, free_port, is_open, python
from retail.local.roles.desk import desk
from retail.local.roles.sessions import Roles
from retail.ops import stacks
from retail.storefront.staff import hash_password

PROJECT, ENVIRONMENT = "retail", "dev"
CLERK = "clerk"
KEPT_TROUBLES = 100

UNANSWERED = (BotoCoreError, ClientError, psycopg.Error, redis.RedisError, OSError)
"""What clients raise of a part that has ended or refuses, and the system when the disk is full."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    port: int
    templates: Templates
    iam: bool


@dataclass(frozen=True, slots=True)
class Told:
    """Something that went wrong."""

    at: float  # seconds since 1970
    where: str
    text: str


class Troubles:
    """The last things that went wrong, each said as it happens. Threads may share it."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.last: deque[Told] = deque(maxlen=KEPT_TROUBLES)

    def tell(self, where: str, text: str) -> None:
        """Note what went wrong in a part."""
        self.last.append(Told(time.time(), where, text))
        self.say(f"{where}: {text}")


@dataclass(frozen=True, slots=True)
class Edge:
    """The ports of the way in, and the process behind them."""

    shop: int
    load_balancer: int
    feed: int
    page: int
    server: Server


@dataclass(frozen=True, slots=True)
class Platform:
    """The running platform."""

    state: State
    parts: Parts
    deployed: Deployed
    storefront: Service
    functions: Functions
    edge: Edge
    lake: Lake
    dependencies: Dependencies
    clerk: tuple[str, str]
    troubles: Troubles

    def failure(self) -> str:
        """Why the platform cannot go on, in one line; empty if it can."""
        if not self.edge.server.is_running:
            return f"the edge has ended; it said last: {self.edge.server.last_line()} ({self.edge.server.log})"
        if not is_open(int(self.parts.aws.url.rpartition(":")[2])):
            return f"the emulator has ended; see {self.state.aws / 'emulator.log'}"
        return ""


@contextmanager
def platform(asked: Asked, state: State, say: Say) -> Iterator[Platform]:
    """Run everything until the block ends. Raises InputError, StackError, ServerError, EmulatorError."""
    os.environ |= family.environment(state.folder)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        try:
            running = _started(asked, state, Troubles(say), stack, pool)
        except BaseException as error:
            # What some threads still wait for is not wanted any more.
            family.end(state.folder)
            if isinstance(error, UNANSWERED):
                said = " ".join(str(error).split())
                raise ServerError(f"the start fails: {said}; see the logs in {state.run}, and start again") from None
            raise
        yield running


def _started(asked: Asked, state: State, troubles: Troubles, stack: ExitStack, pool: ThreadPoolExecutor) -> Platform:
    """Start part by part; what is to be stopped is left on the stack."""
    say = troubles.say
    packaging = code.Packaging(state.code, state.run / "packaging")
    running = stack.enter_context(parts(state, iam=asked.iam, say=say))
    deployed = Deployed(running.aws, PROJECT, ENVIRONMENT)
    deployment = Deployment(deployed, asked.templates, say)
    deployment.foundation()

    credentials = stack.enter_context(desk(Roles(running.aws)))
    machine = _machine(running)
    # If the start fails, these stop before the parts that they would miss and complain of.
    with ExitStack() as services:
        storefront = Service(deployed, machine, credentials, state.logs, troubles.tell)
        services.callback(storefront.stop)
        told = settings.Storefront.read(storefront.definition.environment)
        admitting = pool.submit(running.admit, deployed, told.parameters_path)

        files = packaging.files()
        bucket = deployed.output(stacks.DATA, "ArtifactsBucketName")
        deployment.pipelines(code.uploaded(files, state.code, deployed.client("s3"), bucket))
        admitting.result()
        storefront.run("retail.storefront.migrate")
        say("database: the schema is up to date")

        seeding = pool.submit(storefront.run, "retail.storefront.seed")
        hiring = pool.submit(_hired, storefront)
        functions = Functions(running.aws, _functions(deployed), credentials, state.run, running.trust())
        services.callback(functions.stop)
        functions.start()
        storefront.start()
        hosts = ", ".join(task.host for task in storefront.tasks)
        say(f"storefront: {len(storefront.tasks)} tasks at {hosts}, port {storefront.definition.port}")
        edge = _edge(asked.port, state)
        services.callback(edge.server.stop)
        edge.server.start()
        say(f"edge: CloudFront at {HOST}:{edge.shop}, the load balancer at {HOST}:{edge.load_balancer}")
        seeding.result()
        clerk = hiring.result()
        stack.enter_context(services.pop_all())
    return Platform(
        state=state,
        parts=running,
        deployed=deployed,
        storefront=storefront,
        functions=functions,
        edge=edge,
        lake=Lake(deployed, credentials, machine, state.run / "lake", state.logs / "job.log"),
        dependencies=Dependencies.of(running.postgres.result(), running.cache.result()),
        clerk=clerk,
        troubles=troubles,
    )


def _edge(port: int, state: State) -> Edge:
    balancer, feed, page = free_port(), free_port(), free_port()
    command = python(
        "retail.local.edge", "--port", port, "--load-balancer-port", balancer, "--feed-port", feed,
        "--page-port", page, "--project", PROJECT, "--environment", ENVIRONMENT,
    )  # fmt: skip
    server = Server(command, log=state.logs / "edge.log", is_ready=lambda: is_open(port) and is_open(balancer))
    return Edge(port, balancer, feed, page, server)


def _hired(storefront: Service) -> tuple[str, str]:
    """The login of a clerk, who may ship orders."""
    password = secrets.token_urlsafe(9)
    storefront.run("retail.storefront.staff", "grant", CLERK, hash_password(password))
    return CLERK, password


def _machine(running: Parts) -> dict[str, str]:
    """What this machine tells a task besides what its definition does: nothing of whoever started it."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR", family.MARK)}
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
    aws = {name: value for name, value in running.aws.environment.items() if name not in keys}
    return kept | aws | running.trust()


def _functions(deployed: Deployed) -> list[str]:
    """The names of the functions that the stacks have made."""
    return [
        resource.physical_id
        for title in (stacks.EVENTS, stacks.ANALYTICS)
        for resource in deployed.resources(title).values()
        if resource.type == "AWS::Lambda::Function"
    ]
