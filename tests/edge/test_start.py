"""Starting the edge: what is wrong is said in one line, and it ends when it is told to."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from retail.local.emulator import Emulator
from retail.local.platform.deployed import Deployed
from retail.local.processes import REPOSITORY, free_port, is_open
from tests.edge.origin import Origin
from tests.edge.world import World, command, running


@pytest.fixture
def undeployed(aws: Emulator, tmp_path: Path) -> World:
    deployed = Deployed(aws, "nothing", "dev")
    return World(deployed, free_port(), free_port(), free_port(), free_port(), "", tmp_path / "edge.log")


def failed(world: World, environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        command(world), cwd=REPOSITORY, env=os.environ | environment, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stderr


def test_without_stacks_there_is_nothing_to_act_out(undeployed: World) -> None:
    said = failed(undeployed, undeployed.deployed.aws.environment)
    assert said == (2, "edge: the stack nothing-dev-ingress is not there\n")


def test_without_an_emulator_there_is_nobody_to_ask(undeployed: World) -> None:
    said = failed(undeployed, {**undeployed.deployed.aws.environment, "AWS_ENDPOINT_URL": ""})
    assert said == (
        2,
        "edge: AWS_ENDPOINT_URL is not set: the environment names the emulator and how to sign in to it\n",
    )


def test_a_port_in_use_is_named(undeployed: World) -> None:
    with socket.create_server(("127.0.0.1", undeployed.port)):
        said = failed(undeployed, undeployed.deployed.aws.environment)
    assert said == (2, f"edge: --port {undeployed.port}: something listens there already\n")


def test_it_ends_when_it_is_told_to(world: World, storefront: Origin) -> None:
    another = replace(
        world, port=free_port(), load_balancer_port=free_port(), feed_port=free_port(), log=world.log.with_name("2.log")
    )
    with running(another) as child:
        assert another.ask("/").status == 200
        child.terminate()
        assert child.wait(60) == 0
    assert not is_open(another.port)
    assert not is_open(another.load_balancer_port)
