"""Roll the storefront back to its former image, and watch until the service is steady.

    python -m retail.ops.drills.rollback --environment dev --dry-run
    python -m retail.ops.drills.rollback --environment dev
    python -m retail.ops.drills.rollback --environment dev --image <account>.dkr.ecr.<Region>.amazonaws.com/...:1a2b3c4

The image is 04's parameter, so that the stack stays in line with what runs; an update that is still under way is
cancelled instead, which CloudFormation rolls back by itself. Run again, it watches what an interrupted run has begun.

The exit status is 1 when the service does not become steady, and 2 when something given is wrong.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from retail.ops import stacks
from retail.ops.cli import InputError, StackError, aws, say
from retail.ops.drills import place
from retail.ops.drills.change import change, state_of
from retail.ops.drills.place import Place
from retail.ops.stacks import State

PROGRAM = "retail.ops.drills.rollback"

IMAGE, COUNT = "ContainerImage", "DesiredCount"
"""The parameters of 04: the image, and how many tasks, which scaling owns (T111)."""

STATUSES = ("ACTIVE", "INACTIVE")
"""Of a task's revisions: CloudFormation deregisters what it has replaced."""

STEADY_SECONDS = 1_200
POLL_SECONDS = 2


class Storefront:
    """The service of 04 and what it has run before."""

    def __init__(self, where: Place) -> None:
        self._where = where
        self.stack = where.stack(stacks.APPLICATION)
        self._ecs = where.client("ecs")
        self._cluster = where.made(stacks.APPLICATION, "Cluster")
        self._service = where.made(stacks.APPLICATION, "StorefrontService")

    def former_image(self, current: str) -> str:
        """The image that ran before the current one. Raises InputError if there was none."""
        seen = sorted(self._definitions(), key=lambda each: each["registeredAt"], reverse=True)
        for definition in seen:
            container = definition["containerDefinitions"][0]
            # Whoever brings a command is the stand-in, which sells nothing.
            if container["image"] != current and not container.get("command"):
                return str(container["image"])
        raise InputError(f"--image is missing: ECS knows no image that ran before {current}")

    def _definitions(self) -> Iterator[dict[str, Any]]:
        """Every revision of the stack's task, those that were replaced too."""
        # CloudFormation names a new family for each revision, so that there are soon more than one page of them.
        pages = self._ecs.get_paginator("list_task_definition_families")
        families = {
            family
            for status in STATUSES
            for page in pages.paginate(familyPrefix=self.stack.name, status=status)
            for family in page["families"]
        }
        for family, status in product(families, STATUSES):
            found = self._ecs.list_task_definitions(familyPrefix=family, status=status, sort="DESC", maxResults=20)
            for arn in found["taskDefinitionArns"]:
                yield self._ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]

    def check(self, image: str) -> None:
        """Raises InputError for an image that the stack's repository no longer holds."""
        ecr, name = self._where.client("ecr"), self._where.made(stacks.APPLICATION, "Repository")
        uri = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryUri"]
        if "/" not in image:
            raise InputError(f"--image {image}: give it with its repository, such as {uri}:{image.rpartition(':')[2]}")
        if not image.startswith(uri):
            return
        tag, _, digest = image.removeprefix(uri).partition("@")
        wanted = {"imageDigest": digest} if digest else {"imageTag": tag.removeprefix(":")}
        try:
            found = ecr.describe_images(repositoryName=name, imageIds=[wanted])["imageDetails"]
        except ecr.exceptions.ImageNotFoundException:
            found = []
        if not found:
            raise InputError(f"--image {image}: repository {name} does not hold it; push it, or give another")

    def await_steady(self) -> None:
        """Wait until one deployment is left and all of its tasks run. Raises StackError if that takes too long."""
        deadline, shown = time.monotonic() + STEADY_SECONDS, ""
        while time.monotonic() < deadline:
            service = self._ecs.describe_services(cluster=self._cluster, services=[self._service])["services"][0]
            deployments = service["deployments"]
            line = f"{service['runningCount']} of {service['desiredCount']} tasks, {len(deployments)} deployments"
            if len(deployments) == 1 and service["runningCount"] == service["desiredCount"]:
                say(f"the service is steady: {line}")
                return
            if line != shown:
                say(f"{line} ...")
                shown = line
            time.sleep(POLL_SECONDS)
        raise StackError(f"the service is not steady after {STEADY_SECONDS} s: {line}; see its events")


def rollback(shop: Storefront, state: State, image: str) -> None:
    """Give the stack the image, and watch."""
    shop.check(image)
    say(f"{shop.stack.label}: {state.parameters[IMAGE]} -> {image} ...")
    change(shop.stack, **{IMAGE: image, COUNT: "keep"})
    shop.await_steady()


def cancel(shop: Storefront) -> None:
    """Cancel the update that is under way, and watch what CloudFormation rolls back."""
    say(f"{shop.stack.label}: an update is under way; cancelling it ...")
    aws("cloudformation", "cancel-update-stack", "--stack-name", shop.stack.name, region=shop.stack.region)
    state = stacks.settled(shop.stack)
    say(f"{shop.stack.label}: {state.status if state else 'not there'}")
    shop.await_steady()


def drill(arguments: Sequence[str]) -> None:
    """Check what is asked, then do it."""
    parser = place.parser(PROGRAM, "Roll the storefront back.", "say which image would run, and change nothing")
    parser.add_argument("--image", default="", help="this one; else the one that ran before")
    asked = parser.parse_args(arguments)
    where = place.of(asked)
    shop = Storefront(where)
    busy = stacks.describe(shop.stack)
    if busy and busy.status == "UPDATE_IN_PROGRESS" and not asked.image:
        if asked.dry_run:
            say(f"{shop.stack.label}: would cancel the update that is under way")
        else:
            cancel(shop)
        return
    state = state_of(shop.stack)
    image = asked.image or shop.former_image(state.parameters[IMAGE])
    if asked.dry_run:
        shop.check(image)
        say(f"{shop.stack.label}: would change {state.parameters[IMAGE]} to {image}")
    else:
        rollback(shop, state, image)


def main() -> int:
    """Roll back as the command line says; returns the exit status."""
    return place.exit_status(PROGRAM, lambda: drill(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
