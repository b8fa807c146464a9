"""The local AWS: MiniStack on loopback with the project's handler pack.

    python -m retail.local.emulator --port 5502 --state .local      # until interrupted; --iam enforces policies

    with emulator(state=tmp_path) as aws:                           # a child process on a free port
        subprocess.run(["aws", "cloudformation", "deploy", ...], env=os.environ | aws.environment)
        aws.reset()                                                 # forget everything

Version 1 of the AWS CLI sets the endpoint of `aws sqs` and `aws rds` itself: give those two `--endpoint-url`.

The deployed load balancer answers on the same port, in plain HTTP whatever its listener says. Address it by
its DNS name as Host header or by its name in the path:

    curl -H 'Host: <DNSName>' <url>/products
    curl <url>/_alb/<LoadBalancerName>/products

A port in the Host header chooses among several listeners. Targets are called in plain HTTP at their registered
address and port, so a process on 127.0.0.1 can be one. A distribution answers by the Host header of its domain.
Such requests carry no signature, so they find what is deployed in REGION.

To make one resource of a stack fail, hand it what AWS refuses: a malformed CIDR block, or a name that a resource
made beforehand by its API has taken (a bucket, an event bus, a secret, a database cluster, a serverless cache).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Any

from retail.local.endpoints import Endpoints
from retail.local.processes import HOST, REPOSITORY, START_SECONDS, free_port
from retail.local.touchpoints import VERSION

ACCOUNT = "123456789012"
REGION = "us-east-1"
STOP_SECONDS = 5


class EmulatorError(Exception):
    """The emulator cannot start; the message is one line."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator."""

    url: str
    environment: dict[str, str]  # what the AWS CLI and boto3 need besides os.environ

    def client(self, service: str, region: str = REGION) -> Any:
        """A new boto3 client of the root user, whatever the environment says."""
        import boto3

        return boto3.session.Session().client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def reset(self) -> None:
        """Forget every resource and stack."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/_ministack/reset", method="POST"), timeout=60)


@contextmanager
def emulator(
    port: int | None = None, *, state: Path, iam: bool = False, endpoints: Endpoints | None = None
) -> Iterator[Emulator]:
    """Run the emulator as a child process until the block ends.

    `port` None takes a free one; with `endpoints` the stacks learn where database and cache really are. The log is
    `<state>/emulator.log`. Raises EmulatorError when it does not become healthy within START_SECONDS.
    """
    port = port or free_port()
    state.mkdir(parents=True, exist_ok=True)
    log = state / "emulator.log"
    command = [
        sys.executable,
        "-m",
        "retail.local.emulator",
        "--port",
        str(port),
        "--state",
        str(state),
        *(["--iam"] if iam else []),
        *(endpoints.options() if endpoints else []),
    ]
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for whoever started it
        )
    try:
        url = f"http://{HOST}:{port}"
        _await_health(url, child, log)
        yield Emulator(url, _environment(url, state))
    finally:
        _stop(child)


def _environment(url: str, state: Path) -> dict[str, str]:
    """Nothing of the developer's own AWS configuration may reach the emulator, nor the other way round."""
    config = state / "aws-config"
    config.write_text("[default]\n")
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_PROFILE": "default",
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


def _await_health(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise EmulatorError(_last_line(log) or f"the emulator ended with status {child.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise EmulatorError(f"the emulator was not healthy after {START_SECONDS} s; see {log}")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def serve(port: int, state: Path, iam: bool, parts: Endpoints | None) -> None:
    """Serve until a signal. Raises EmulatorError before anything is bound."""
    _check(port)
    # MiniStack reads these while it is imported. It would listen on every interface and open MQTT and SFTP ports.
    os.environ.update(
        {
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "GATEWAY_PORT": str(port),
            "STATE_DIR": str(state),
            "S3_DATA_DIR": str(state / "s3"),
            "AUTH": str(iam).lower(),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        }
    )
    from retail.local import endpoints, handlers, stacks, touchpoints
    from retail.local.functions import handover
    from retail.local.roles import asked, decisions

    application = touchpoints.application()
    handlers.register()
    stacks.register()
    handover.register()
    if iam:
        asked.register()
        decisions.register(state)
    if parts:
        endpoints.register(parts)
    asyncio.run(_serve(application, port))


def _check(port: int) -> None:
    try:
        installed = metadata.version("ministack")
    except metadata.PackageNotFoundError:
        installed = "no version"
    if installed != VERSION:
        raise EmulatorError(f"the handler pack is written for ministack {VERSION}, {installed} is installed")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise EmulatorError(f"cannot listen on {HOST}:{port}: {error.strerror}") from None


async def _serve(application: object, port: int) -> None:
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.loglevel = "WARNING"
    config.keep_alive_timeout = 75  # the SDKs keep their connections; hypercorn's 5 s would race them
    config.graceful_timeout = 0.2
    serving = asyncio.create_task(hypercorn_serve(application, config))  # type: ignore[arg-type]
    while not serving.done():
        await asyncio.wait({serving}, timeout=0.05)
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                print(f"Ready: http://{HOST}:{port}", flush=True)
                break
    await serving


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m retail.local.emulator", description="Run the local AWS.")
    parser.add_argument("--port", type=int, required=True, help="the port on 127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="the directory for what the emulator writes")
    parser.add_argument("--iam", action="store_true", help="enforce IAM policies; test/test is the root user")
    for field in fields(Endpoints):
        kind = int if field.name.endswith("_port") else str
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, help="where it really is; give all or none")
    options = parser.parse_args()
    try:
        serve(options.port, options.state.resolve(), options.iam, Endpoints.of(options))
    except EmulatorError as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
