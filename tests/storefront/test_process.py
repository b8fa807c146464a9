"""The storefront as a process: it starts before anything else is there, and leaves nothing half done."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from fastapi.testclient import TestClient

from retail.contracts import parameters
from retail.storefront.app import create_app
from retail.storefront.discovery import Endpoints
from tests.storefront.conftest import PATH, World, wait_until

Start = Callable[..., Any]


class Process:
    """A running storefront."""

    def __init__(self, world: World, log: Path, program: list[str], environment: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
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
        return httpx.get(f"{self.url}{path}", timeout=10, **options)

    def answers(self) -> bool:
        assert self.child.poll() is None, self.log.read_text()
        try:
            return self.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


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
        wait_until(lambda: process.get("/readyz").status_code == 200, 30)
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
        assert process.child.wait(30) == 0
    finally:
        process.child.kill()
    assert world.postgres.password not in process.log.read_text()
    assert all({"timestamp", "level", "message"} <= set(record) for record in process.records())


def test_on_sigterm_requests_under_way_finish_and_events_are_not_left_half_published(
    world: World, tmp_path: Path
) -> None:
    with running(world, tmp_path / "log") as process, ThreadPoolExecutor() as threads:
        wait_until(lambda: process.get("/readyz").status_code == 200, 30)
        sku = world.product(stock=50)
        with httpx.Client(base_url=process.url) as client:
            for _ in range(15):
                body = {"items": [{"sku": sku, "quantity": 1}]}
                placed = client.post("/api/orders", json=body, headers={"Idempotency-Key": str(uuid4())})
                assert placed.status_code == 201
        under_way = threads.submit(process.get, "/api/slow")
        time.sleep(0.5)
        process.child.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        with pytest.raises(httpx.TransportError):
            process.get("/healthz")
        answer = under_way.result(10)
        assert (answer.status_code, answer.json()) == (200, {"said": "all of it"})
        assert process.child.wait(15) == 0
    assert [record for record in process.records() if record["level"] == "ERROR"] == []
    wait_until(lambda: world.one("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0)
