"""X-Origin-Verify rotated under load: a client whose edge lags behind CloudFront sees no 403."""

from __future__ import annotations

import re
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from retail.local.emulator import REGION
from tests.drills.conftest import Drill
from tests.emitted import ROOT
from tests.integration.programs import run, with_environment
from tests.proof.platform import Platform

LAG_SECONDS = 1.5
"""How long an edge goes on sending the old header after CloudFront has the new one."""

SETTLE = ("--settle", "2")

STEPS = [
    "1 of 5: make a new version of the secret ...",
    "2 of 5: let the load balancer accept it too ...",
    "3 of 5: let CloudFront send it ...",
    "4 of 5: let the load balancer accept it alone ...",
    "5 of 5: make it the secret's current version ...",
]


class Edge(threading.Thread):
    """A client at one of CloudFront's edges, which requests all the while.

    Threads may be held up for seconds. An answer to the old header counts only if the request ended within the lag,
    reckoned from when the old value was last seen at CloudFront: no edge would have sent it later.
    """

    def __init__(self, platform: Platform, host: str) -> None:
        super().__init__(daemon=True)
        self.answers: list[int] = []
        self._platform, self._host = platform, host
        self._ends = threading.Event()

    def run(self) -> None:
        seen = changed = time.monotonic()
        held = newest = header(self._platform)
        while not self._ends.is_set():
            answer = get(self._platform, self._host, held)
            ended = time.monotonic()
            if (there := header(self._platform)) != newest:
                newest, changed = there, seen
            seen = ended
            if held == newest or ended - changed <= LAG_SECONDS:
                self.answers.append(answer)
            if time.monotonic() - changed > LAG_SECONDS:
                held = newest

    def stop(self) -> None:
        self._ends.set()
        self.join(60)
        assert not self.is_alive()


def header(platform: Platform) -> str:
    """The value that the distribution holds."""
    config = platform.client("cloudfront").get_distribution_config(Id=platform.made["Distribution"])
    (origin,) = config["DistributionConfig"]["Origins"]["Items"]
    (sent,) = origin["CustomHeaders"]["Items"]
    assert sent["HeaderName"] == "X-Origin-Verify"
    return str(sent["HeaderValue"])


def get(platform: Platform, host: str, value: str) -> int:
    """What the load balancer answers to a request with this value."""
    request = urllib.request.Request(f"{platform.aws.url}/healthz", headers={"Host": host, "X-Origin-Verify": value})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture(scope="module")
def balancer(deployed: Platform) -> Iterator[str]:
    """The load balancer's DNS name, with one target behind it on this machine."""

    class Target(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    balancers = deployed.client("elbv2")
    with ThreadingHTTPServer(("127.0.0.1", 0), Target) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        balancers.register_targets(
            TargetGroupArn=deployed.made["StorefrontTargets"], Targets=[{"Id": "127.0.0.1", "Port": server.server_port}]
        )
        arn = deployed.made["LoadBalancer"]
        yield balancers.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["DNSName"]
        server.shutdown()


def parameters(platform: Platform) -> dict[str, str]:
    """The two parameters of 03 that tell of a rotation."""
    (stack,) = platform.client("cloudformation").describe_stacks(StackName="retail-dev-ingress")["Stacks"]
    values = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    return {name: value for name, value in values.items() if name.startswith("OriginVerify")}


def labels(platform: Platform) -> dict[str, Any]:
    """Version of the secret by label."""
    versions = platform.client("secretsmanager").describe_secret(SecretId=platform.made["OriginSecret"])
    return {label: version for version, found in versions["VersionIdsToStages"].items() for label in found}


def test_project_and_region_of_the_environments_file_are_those_of_the_drill(deployed: Platform, tmp_path: Path) -> None:
    here = with_environment(tmp_path / "here", "dev", "project: acme\nregion: eu-central-1\n")
    program = "retail.ops.drills.rotate"
    done = run(program, "--environment", "dev", directory=here, environment=deployed.aws.environment)
    assert done.returncode == 2
    assert "there is no OriginSecret in stack acme-dev-security of eu-central-1; deploy 02 first" in done.stderr


@pytest.mark.slow
def test_a_secret_that_was_changed_by_hand_is_told_before_anything_is_changed(
    deployed: Platform, balancer: str, drill: Drill
) -> None:
    secrets, arn = deployed.client("secretsmanager"), deployed.made["OriginSecret"]
    known, before = labels(deployed)["AWSCURRENT"], header(deployed)
    by_hand = secrets.put_secret_value(SecretId=arn, SecretString="x" * 48)["VersionId"]
    try:
        done = drill("rotate", *SETTLE)
        assert done.returncode == 2
        assert f"does not accept version {by_hand}" in done.stderr
        assert done.stderr.count("\n") == 1
        assert get(deployed, balancer, before) == 200
    finally:
        secrets.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=known, RemoveFromVersionId=by_hand
        )


def test_no_request_with_the_header_of_an_edge_that_lags_is_refused_while_it_is_rotated(
    deployed: Platform, balancer: str, drill: Drill
) -> None:
    before = header(deployed)
    assert (get(deployed, balancer, before), get(deployed, balancer, "a guess")) == (200, 403)
    edge = Edge(deployed, balancer)
    edge.start()
    done = drill("rotate", *SETTLE)
    edge.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[:5] == STEPS
    assert len(edge.answers) > 10
    assert set(edge.answers) == {200}

    after = header(deployed)
    assert re.fullmatch("[A-Za-z0-9]{48}", after)
    assert (get(deployed, balancer, after), get(deployed, balancer, before)) == (200, 403)
    version = labels(deployed)["AWSCURRENT"]
    assert parameters(deployed) == {"OriginVerifyVersionId": version, "OriginVerifyAcceptedVersionId": "none"}
    assert done.stdout.splitlines()[5] == f"X-Origin-Verify is rotated; version {version} is in use"
    assert "AWSPENDING" not in labels(deployed)


@pytest.mark.slow
@pytest.mark.parametrize("step", range(1, 6))
def test_a_rotation_that_is_killed_in_any_step_is_carried_on_without_a_403(
    deployed: Platform, balancer: str, drill: Drill, step: int
) -> None:
    before, old_version = header(deployed), labels(deployed)["AWSCURRENT"]
    edge = Edge(deployed, balancer)
    edge.start()
    command = ["tests.drills.rotating", str(step), "--environment", "dev", "--region", REGION, *SETTLE]
    killed = run(*command, directory=ROOT, environment=deployed.aws.environment)
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    shown = drill("rotate", "--dry-run")
    left = [line for line in shown.stdout.splitlines() if "of 5: would " in line]
    assert len(left) == 6 - step, shown.stdout + shown.stderr
    done = drill("rotate", *SETTLE)
    edge.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(edge.answers) == {200}
    after = header(deployed)
    assert after != before
    assert labels(deployed)["AWSCURRENT"] != old_version
    assert (get(deployed, balancer, after), get(deployed, balancer, before)) == (200, 403)
