"""The emulator as a command and as a context manager, and the real AWS CLI against it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retail.local.emulator import Emulator, EmulatorError, emulator
from tests.local.conftest import Deployer

TEMPLATE = Path(__file__).parent / "survival.yaml"


def aws_cli(aws: Emulator, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("aws")
    return subprocess.run(
        [command, *arguments], env=os.environ | aws.environment, capture_output=True, text=True, check=False
    )


def deploy(aws: Emulator, *options: str) -> subprocess.CompletedProcess[str]:
    return aws_cli(
        aws,
        "cloudformation",
        "deploy",
        "--stack-name",
        "by-cli",
        "--template-file",
        str(TEMPLATE),
        "--capabilities",
        "CAPABILITY_NAMED_IAM",
        "--no-fail-on-empty-changeset",
        *options,
    )


def test_the_aws_cli_deploys_within_its_first_poll(aws: Emulator) -> None:
    began = time.monotonic()
    done = deploy(aws)
    assert "Successfully created/updated stack - by-cli" in done.stdout, done.stderr
    assert time.monotonic() - began < 30, "the CLI's waiter slept its 30 s: a handler left the request"

    assert "No changes to deploy" in deploy(aws).stdout
    assert "Successfully created/updated" in deploy(aws, "--parameter-overrides", "DesiredCount=3").stdout


def test_a_reset_forgets_everything(running: Emulator, boto: Callable[..., Any], deployer: Deployer) -> None:
    deployer.create("gone", "Resources: {Topic: {Type: AWS::SNS::Topic}}")
    running.reset()
    assert boto("cloudformation").describe_stacks()["Stacks"] == []
    assert boto("sns").list_topics()["Topics"] == []


def test_it_listens_on_loopback_only(running: Emulator) -> None:
    port = int(running.url.rsplit(":", 1)[1])
    listening = {
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == port
    }
    assert listening == {f"0100007F:{port:04X}"}


def test_policies_are_enforced_on_request(tmp_path: Path) -> None:
    import boto3
    from botocore.exceptions import ClientError

    with emulator(state=tmp_path, iam=True) as aws:
        stranger = boto3.client(
            "s3",
            endpoint_url=aws.url,
            region_name="us-east-1",
            aws_access_key_id="AKIASTRANGER",
            aws_secret_access_key="x",
        )
        with pytest.raises(ClientError, match=r"InvalidAccessKeyId|AccessDenied|InvalidClientTokenId"):
            stranger.list_buckets()


def test_a_port_in_use_is_one_line_and_exit_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "retail.local.emulator", "--port", str(port), "--state", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr == f"emulator: cannot listen on 127.0.0.1:{port}: Address already in use\n"
        with pytest.raises(EmulatorError, match="Address already in use"), emulator(port, state=tmp_path):
            pass


def test_another_version_of_the_emulator_is_refused(tmp_path: Path) -> None:
    program = (
        "import sys; from retail.local import emulator; emulator.VERSION = '9.9.9'; "
        f"sys.argv = ['emulator', '--port', '1', '--state', {str(tmp_path)!r}]; sys.exit(emulator.main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "emulator: the handler pack is written for ministack 9.9.9, 1.5.33 is installed\n"
