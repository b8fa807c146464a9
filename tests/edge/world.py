"""The emitted stacks of the way in, deployed unchanged, with the edge before them and an origin behind."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retail.local.emulator import Emulator
from retail.local.platform.deployed import Deployed
from retail.local.processes import REPOSITORY, free_port, python
from retail.ops.stacks import INGRESS, INGRESS_WAF
from tests.edge.origin import Origin, origin
from tests.emitted import OUT, template
from tests.local.conftest import Deployer

DOMAIN = "store.example.com"
PREFIX_LIST = "pl-3b927c52"
LONGEST_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def cache(self) -> str:
        return self.headers.get("x-cache", "").removesuffix(" from cloudfront")


@dataclass
class World:
    """The deployed way in. Of stacks whose text is given, that text is deployed instead of the emitted one."""

    deployed: Deployed
    port: int
    load_balancer_port: int
    feed_port: int
    page_port: int
    zone: str
    log: Path

    def deploy(self, title: str, text: str | None = None, **given: str) -> None:
        """Create a stack, or update it."""
        stack = self.deployed.stacks[title]
        deployer = Deployer(self.deployed.client("cloudformation", stack.region))
        name = stack.template.stem
        known = {
            "Project": self.deployed.project,
            "CloudFrontPrefixListId": PREFIX_LIST,
            "DomainName": DOMAIN,
            "HostedZoneId": self.zone,
            "DeletionProtection": "false",
            "Scope": "waf" if title == INGRESS_WAF else "cdn",
        }
        if title == INGRESS:
            known |= self.deployed.outputs(INGRESS_WAF)
        parameters = {key: value for key, value in (known | given).items() if key in template(name)["Parameters"]}
        there = deployer.cloudformation.get_paginator("list_stacks").paginate().search("StackSummaries[].StackName")
        change = deployer.update if stack.name in list(there) else deployer.create
        status = change(stack.name, text or (OUT / f"{name}.yaml").read_text(), **parameters)
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), deployer.failures(stack.name)

    def followed(self) -> None:
        """Wait until the edge has read what is deployed now; a reading under way may have begun before."""
        readings = self.feed("/counters")["readings"]
        until(lambda: self.feed("/counters")["readings"] >= readings + 2)

    def register(self, *origins: Origin) -> None:
        """Make these the targets of the deployed group, as ECS does with its tasks, and wait until they are known."""
        ask, group = self.deployed.client("elbv2"), self.deployed.output(INGRESS, "TargetGroupArn")
        before = ask.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        if before:
            ask.deregister_targets(TargetGroupArn=group, Targets=[each["Target"] for each in before])
        if origins:
            targets = [{"Id": each.host, "Port": each.port} for each in origins]
            ask.register_targets(TargetGroupArn=group, Targets=targets)
        wanted = {f"{each.host}:{each.port}" for each in origins}
        until(lambda: {each["target"] for each in self.feed("/targets")} == wanted)
        until(lambda: all(each["state"] != "initial" for each in self.feed("/targets")))

    def secret(self) -> str:
        """The value of X-Origin-Verify that is deployed."""
        arn = self.deployed.output("security", "OriginSecretArn")
        return str(self.deployed.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        port: int | None = None,
        address: str = "127.0.0.1",
    ) -> Answer:
        """Ask the distribution, or another port, from one of this machine's addresses."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", port or self.port, timeout=LONGEST_SECONDS, source_address=(address, 0)
        )
        sent = {"User-Agent": "tests", **(headers or {})}
        connection.request(method, path, body, {key: value for key, value in sent.items() if value})
        response = connection.getresponse()
        told = {key.lower(): value for key, value in response.getheaders()}
        answer = Answer(response.status, told, response.read())
        connection.close()
        return answer

    def feed(self, path: str) -> Any:
        """What the feed says."""
        return json.loads(self.ask(path, port=self.feed_port).body)


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, and fail if it does not."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def deployed_world(aws: Emulator, project: str, log: Path) -> Iterator[tuple[World, Origin]]:
    """The emitted stacks under a project name of their own, the edge before them, one healthy origin behind."""
    deployed = Deployed(aws, project, "dev")
    zone = deployed.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference=project)["HostedZone"]["Id"]
    world = World(deployed, free_port(), free_port(), free_port(), free_port(), zone.rpartition("/")[2], log)
    for title in ("networking", "security", INGRESS_WAF, INGRESS):
        world.deploy(title)
    with origin("storefront") as storefront, running(world):
        world.register(storefront)
        yield world, storefront


@contextmanager
def running(world: World) -> Iterator[subprocess.Popen[bytes]]:
    """The edge's process, once it is ready."""
    environment = os.environ | world.deployed.aws.environment
    with world.log.open("wb") as output:
        child = subprocess.Popen(command(world), cwd=REPOSITORY, env=environment, stdout=output, stderr=output)
    try:
        until(lambda: child.poll() is not None or b"Ready" in world.log.read_bytes())
        assert child.poll() is None, world.log.read_text()
        yield child
    finally:
        child.terminate()
        child.wait(LONGEST_SECONDS)


def command(world: World) -> list[str]:
    """How the edge is started."""
    return python(
        "retail.local.edge",
        *("--port", world.port),
        *("--load-balancer-port", world.load_balancer_port),
        *("--feed-port", world.feed_port),
        *("--page-port", world.page_port),
        *("--project", world.deployed.project),
        *("--environment", world.deployed.environment),
    )
