"""The program behind `make local`, started as a user starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import httpx

from retail.contracts.lake import raw
from retail.local.processes import HOST, free_port
from tests.emitted import OUT, ROOT

START_SECONDS = 240
STOP_SECONDS = 60
PATIENCE_SECONDS = 60
"""How long anything else may take. On a busy machine seconds are lost anywhere."""


@dataclass(frozen=True)
class Program:
    """A running program. What it says is read from its output."""

    child: subprocess.Popen[bytes]
    output: Path
    state: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def said(self) -> str:
        return self.output.read_text()

    def told(self, pattern: str) -> str:
        """What stands in its output where the pattern's group is."""
        found = re.search(pattern, self.said())
        assert found, f"no {pattern} in:\n{self.said()}"
        return found[1]

    def client(self, service: str) -> Any:
        """A client of the emulator whose address the summary names."""
        return boto3.session.Session().client(
            service,
            region_name="us-east-1",
            endpoint_url=self.told(r"--endpoint-url (\S+)"),
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def stack(self, title: str) -> dict[str, str]:
        """What Ref returns for each resource of a stack."""
        shown = self.client("cloudformation").describe_stack_resources(StackName=f"retail-dev-{title}")
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in shown["StackResources"]}

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        """Its exit status after a signal."""
        self.child.send_signal(number)
        return self.child.wait(STOP_SECONDS)

    def processes(self, *named: str) -> list[int]:
        """What runs of it besides itself: what has the state's folder in its command, its output or its own folder.

        With words only the processes that have these in their commands.
        """
        folder = str(self.state)
        found = []
        for directory in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # ended meanwhile
                words = (directory / "cmdline").read_text().split("\0")
                places = [*words, *(str((directory / link).readlink()) for link in ("fd/1", "cwd"))]
                is_ours = any(place == folder or place.startswith(f"{folder}/") for place in places)
                if is_ours and all(name in " ".join(words) for name in named):
                    found.append(int(directory.name))
        return sorted({*found} - {self.child.pid})


def launch(
    state: Path, *options: str, port: int | None = None, environment: Mapping[str, str] | None = None
) -> Program:
    """Start it, with more in its environment if need be, and do not wait."""
    port = port or free_port()
    state.parent.mkdir(parents=True, exist_ok=True)
    output = state.with_name(f"{state.name}-{port}.out")
    command = [sys.executable, "-m", "retail.local.platform", "--port", str(port), "--state", str(state), *options]
    with output.open("wb") as file:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    return Program(child, output, state, port)


@contextmanager
def running(state: Path, *options: str) -> Iterator[Program]:
    """The program, once it says that the platform runs, until the block ends."""
    program = launch(state, *options)
    try:
        eventually(lambda: "The platform runs" in program.said() or program.child.poll() is not None, START_SECONDS)
        assert program.child.poll() is None, program.said()
        yield program
    finally:
        if program.child.poll() is None:
            program.interrupt()


def eventually(is_so: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Return once it is so. Raises AssertionError if it is not in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.1)


def tasks(program: Program) -> dict[str, int]:
    """The storefront's processes by their addresses."""
    found = {}
    for pid in program.processes():
        with suppress(OSError):  # ended meanwhile
            words = Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
            if "retail.local.platform.storefront" in words:
                found[words[-1]] = pid
    return found


def changed(tmp_path: Path, name: str, old: str, new: str, count: int = 1) -> str:
    """A folder with the emitted files, one of them changed in so many places."""
    folder = tmp_path / "changed"
    folder.mkdir()
    for path in OUT.glob("*.yaml"):
        text = path.read_text()
        if path.name == name:
            assert text.count(old) == count
            text = text.replace(old, new)
        (folder / path.name).write_text(text)
    return str(folder)


def place(url: str) -> str:
    """An order by the API; its id."""
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as shopper:
        sku = shopper.get("/api/products").json()["items"][0]["sku"]
        new = {"items": [{"sku": sku, "quantity": 1}]}
        answer = shopper.post("/api/orders", json=new, headers={"Idempotency-Key": str(uuid4())})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["order_id"])


def archived(program: Program, domain: str, order_id: str) -> bool:
    """Whether the lake's raw events of a domain tell of the order."""
    s3, bucket = program.client("s3"), program.stack("data")["LakeBucket"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix=raw(domain)).get("Contents", [])
    bodies = [s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read().decode() for each in found]
    return any(order_id in body for body in bodies)
