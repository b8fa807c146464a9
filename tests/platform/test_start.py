"""How `make local` begins and ends, and what it says when it cannot begin."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

import httpx
import pytest

from retail.local.platform import family
from retail.local.processes import HOST
from tests.platform.program import PATIENCE_SECONDS, START_SECONDS, Program, eventually, launch


def refused(program: Program) -> str:
    """The one line of a program that ends with status 2."""
    assert program.child.wait(PATIENCE_SECONDS) == 2, program.said()
    (line,) = program.said().splitlines()
    return line


def test_a_port_in_use_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        line = refused(launch(tmp_path / "state", port=port))
    assert (
        line
        == f"local: port {port} is in use or not to be had: stop what has it, or choose another: make local PORT=8081"
    )
    assert not (tmp_path / "state").exists()


@pytest.mark.slow
def test_a_folder_that_another_run_has_is_named_with_that_run_s_process(tmp_path: Path) -> None:
    first = launch(tmp_path / "state")
    try:
        eventually(lambda: (tmp_path / "state" / "run").exists())
        line = refused(launch(tmp_path / "state"))
        assert line == f"local: {tmp_path / 'state'} is in use by process {first.child.pid}: stop that one first"
    finally:
        first.interrupt()


def test_a_template_that_is_not_there_is_named_before_anything_starts(tmp_path: Path) -> None:
    missing = "07-analytics.yaml"
    templates = tmp_path / "out"
    templates.mkdir()
    for path in Path("out").glob("*.yaml"):
        if path.name != missing:
            (templates / path.name).write_text(path.read_text())
    line = refused(launch(tmp_path / "state", "--templates", str(templates)))
    assert line.startswith(f"local: {templates / missing} is not there: run make templates")


def test_a_template_that_does_not_deploy_ends_it_with_the_stack_and_the_resource(tmp_path: Path) -> None:
    templates = tmp_path / "out"
    templates.mkdir()
    for path in Path("out").glob("*.yaml"):
        (templates / path.name).write_text(path.read_text().replace("CidrBlock: 10.0.0.0/16", "CidrBlock: 10.0.0.1/16"))
    program = launch(tmp_path / "state", "--templates", str(templates))
    assert program.child.wait(START_SECONDS) == 1
    last = program.said().splitlines()[-1]
    assert last.startswith("01 networking failed (ROLLBACK_COMPLETE): Vpc (AWS::EC2::VPC)")
    assert program.processes() == []


@pytest.mark.slow
def test_a_part_that_dies_during_the_start_ends_it_with_one_line(tmp_path: Path) -> None:
    program = launch(tmp_path / "state")
    eventually(lambda: "02 security" in program.said())
    emulator, *_ = program.processes("retail.local.emulator")
    os.kill(emulator, signal.SIGKILL)
    assert program.child.wait(START_SECONDS) == 1
    last = program.said().splitlines()[-1]
    assert re.fullmatch(
        r"local: the start fails: .+ endpoint URL: \S+; "
        rf"see the logs in {tmp_path / 'state' / 'run'}, and start again",
        last,
    )
    assert "Traceback" not in program.said()
    assert program.processes() == []


@pytest.mark.slow
def test_what_a_killed_run_has_left_is_ended_and_cleared_away(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "run").mkdir(parents=True)
    locked = state / "run" / "code"
    locked.mkdir()
    (locked / "old.py").touch()
    locked.chmod(0o555)
    marked = os.environ | family.environment(state)
    left = subprocess.Popen(["sleep", "1000"], env=marked)
    try:
        program = launch(state)
        left.wait(PATIENCE_SECONDS)
        eventually(lambda: not locked.exists())
        program.interrupt()
    finally:
        left.kill()


def test_a_file_in_the_place_of_the_packages_is_named_before_anything_starts(tmp_path: Path) -> None:
    stray = tmp_path / "state" / "build" / "lambdas"
    stray.parent.mkdir(parents=True)
    stray.write_text("stray")
    line = refused(launch(tmp_path / "state"))
    assert line == f"local: {stray} cannot be a folder (File exists): run make local-clean"
    assert stray.read_text() == "stray"


def test_ctrl_c_while_the_program_is_still_being_imported_ends_it_as_quietly_as_later(tmp_path: Path) -> None:
    program = launch(tmp_path / "state")
    loaded = Path(f"/proc/{program.child.pid}/maps")
    eventually(lambda: "/_ssl." in loaded.read_text())
    assert program.interrupt() == 0
    # On a busy machine the signal may come when it has been imported, and something has been said.
    assert program.said().endswith("stopped; every process has ended\n")
    assert "Traceback" not in program.said()


def test_ctrl_c_does_not_wait_until_the_functions_are_packaged(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as index:
        index.settimeout(PATIENCE_SECONDS)
        address = f"http://{HOST}:{index.getsockname()[1]}/simple"
        slow = {"PIP_INDEX_URL": address, "PIP_NO_CACHE_DIR": "1", "PIP_TIMEOUT": "600", "no_proxy": HOST}
        program = launch(tmp_path / "state", environment=slow)
        # The libraries are asked for and never come, so the packages are not done however late the signal is.
        with index.accept()[0]:
            assert program.interrupt() == 0
    assert program.said().endswith("stopped; every process has ended\n")
    assert "Traceback" not in program.said()
    assert program.processes() == []


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_during_the_start_ends_every_process(tmp_path: Path, number: signal.Signals) -> None:
    program = launch(tmp_path / "state")
    eventually(lambda: "01 networking" in program.said())
    assert program.processes()
    assert program.interrupt(number) == 0
    assert program.said().endswith("stopped; every process has ended\n")
    assert program.processes() == []


@pytest.mark.slow
def test_ctrl_c_ends_every_process_within_seconds(tmp_path: Path) -> None:
    program = launch(tmp_path / "state")
    eventually(lambda: "The platform runs" in program.said(), START_SECONDS)
    assert len(program.processes()) > 6
    began = time.monotonic()
    assert program.interrupt() == 0
    assert time.monotonic() - began < 30
    assert program.processes() == []


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_the_job(tmp_path: Path) -> None:
    program = launch(tmp_path / "state")
    eventually(lambda: "The platform runs" in program.said(), START_SECONDS)
    page = httpx.get(f"{program.url}/_platform", timeout=PATIENCE_SECONDS).text
    (token,) = re.findall('data-token="([^"]+)"', page)
    headers = {"X-Platform-Token": token, "Origin": program.url}

    done = []

    def press() -> None:
        with suppress(httpx.HTTPError):  # the platform ends before it answers
            answer = httpx.post(f"{program.url}/_platform/do/curate", json={}, headers=headers, timeout=300)
            done.append(answer.is_success and answer.json()["is_done"])

    pressing = Thread(target=press)
    pressing.start()
    eventually(lambda: program.processes("org.apache.spark"))
    assert program.interrupt() == 0
    pressing.join()
    assert True not in done
    assert "Traceback" not in program.said()
    assert program.processes() == []


@pytest.mark.slow
def test_nothing_outlives_a_launcher_that_is_killed(tmp_path: Path) -> None:
    program = launch(tmp_path / "state")
    eventually(lambda: "The platform runs" in program.said(), START_SECONDS)
    assert httpx.get(program.url, timeout=PATIENCE_SECONDS).status_code == 200
    program.child.kill()
    program.child.wait()
    eventually(lambda: program.processes() == [])
