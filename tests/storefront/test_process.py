"""The storefront as a process: it starts before anything else is there, and leaves nothing half done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from botocore.exceptions import ClientError, EndpointConnectionError
from fastapi.testclient import TestClient

from retail.contracts import parameters
from retail.local.processes import free_port
from retail.storefront.app import create_app
from retail.storefront.discovery import Endpoints
from tests.storefront.conftest import PATH, World, wait_until

Start = Callable[..., Any]


class Process:
    """A running storefront."""

    def __init__(self, world: World, log: Path, program: list[str], environment: dict[str, str]) -> None:
        self.port = free_port()
        login = {
            "DATABASE_USERNAME": world.postgres.user,
            "DATABASE_PASSWORD": world.postgres.password,
            "LOCAL_CACHE_PASSWORD": world.cache.password,
        }
        with log.open("wb") as output:
            self.child = subprocess.Popen(
                [sys.executable, *(part.format(port=self.port) for part in program)],
                env=os.environ | login | {name: value.format(port=self.port) for name, value in environment.items()},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log

    def get(self, path: str, **options: Any) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=60, **options)

    def answers(self) -> bool:
        assert self.child.poll() is None, self.log.read_text()
        try:
            return self.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def records(self) -> list[dict[str, Any]]:
        # The last line may be half written.
        return [json.loads(line) for line in self.log.read_text().rpartition("\n")[0].splitlines()]


@contextmanager
def running(world: World, log: Path, path: str = PATH, environment: dict[str, str] | None = None) -> Iterator[Process]:
    """The storefront with a slow route, until the block ends."""
    process = Process(world, log, ["-m", "tests.storefront.process", "{port}", path], environment or {})
    try:
        wait_until(process.answers)
        yield process
    finally:
        process.child.kill()
        process.child.wait()


def test_it_is_alive_before_anything_else_is_there_and_opens_when_it_is(
    world: World, tmp_path: Path, boto: Callable[..., Any]
) -> None:
    path = f"/retail/{uuid4().hex}"
    with running(world, tmp_path / "log", path) as process:
        early = process.get("/readyz")
        assert early.status_code == 503
        closed = process.get("/api/products")
        assert (closed.status_code, closed.headers["content-type"]) == (503, "application/problem+json")
        assert process.get("/", headers={"Accept": "text/html"}).status_code == 503
        assert process.get("/api/openapi.json").status_code == 200
        for name, value in world.parameters.items():
            if name != parameters.EVENT_BUS:
                boto("ssm").put_parameter(Name=f"{path}/{name}", Value=value, Type="String")
        wait_until(lambda: process.get("/readyz").json()["missing"] == [f"parameters {parameters.EVENT_BUS}"])
        value = world.parameters[parameters.EVENT_BUS]
        boto("ssm").put_parameter(Name=f"{path}/{parameters.EVENT_BUS}", Value=value, Type="String")
        wait_until(lambda: process.get("/readyz").status_code == 200)
        assert process.get("/api/products").status_code == 200


def test_it_opens_although_its_parameters_could_not_be_read_at_first(world: World) -> None:
    refusals = [
        EndpointConnectionError(endpoint_url="https://ssm.eu-central-1.amazonaws.com"),
        ClientError({"Error": {"Code": "ThrottlingException"}}, "GetParametersByPath"),
    ]

    def find() -> Endpoints:
        if refusals:
            raise refusals.pop()
        return world.endpoints

    app = create_app(world.credentials, world.clients, "model", find, world.login)
    with TestClient(app, base_url="https://shop.example.com") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert refusals == []


def test_the_program_of_the_image_starts_with_nothing_around_it(world: World, tmp_path: Path) -> None:
    told = {
        "PARAMETERS_PATH": "/retail/nowhere",
        "MODEL_ID": "model",
        "PORT": "{port}",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    process = Process(world, tmp_path / "log", ["-m", "retail.storefront.app"], told)
    try:
        wait_until(process.answers)
        assert process.get("/readyz").status_code == 503
        process.child.send_signal(signal.SIGTERM)
        assert process.child.wait(60) == 0
    finally:
        process.child.kill()
    assert world.postgres.password not in process.log.read_text()
    assert all({"timestamp", "level", "message"} <= set(record) for record in process.records())


def test_on_sigterm_requests_under_way_finish_and_events_are_not_left_half_published(
    world: World, tmp_path: Path
) -> None:
    with running(world, tmp_path / "log") as process, ThreadPoolExecutor() as threads:
        wait_until(lambda: process.get("/readyz").status_code == 200)
        sku = world.product(stock=50)
        with httpx.Client(base_url=process.url, timeout=60) as client:
            for _ in range(15):
                body = {"items": [{"sku": sku, "quantity": 1}]}
                placed = client.post("/api/orders", json=body, headers={"Idempotency-Key": str(uuid4())})
                assert placed.status_code == 201
        begun, until = tmp_path / "begun", tmp_path / "until"
        under_way = threads.submit(process.get, "/api/slow", params={"begun": str(begun), "until": str(until)})
        wait_until(begun.exists)
        process.child.send_signal(signal.SIGTERM)
        wait_until(lambda: not process.answers())
        assert not under_way.done()
        until.touch()
        answer = under_way.result(60)
        assert (answer.status_code, answer.json()) == (200, {"said": "all of it"})
        assert process.child.wait(60) == 0
    assert [record for record in process.records() if record["level"] == "ERROR"] == []
    wait_until(lambda: world.one("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0)
