"""The script as a command of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.conftest import placed


def curate(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "retail.jobs.curate", *arguments]
    environment = os.environ | {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"} | variables
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--lake", "/nowhere"], "curate: --lake /nowhere: there is no such folder"),
        (["--lake", ".", "--days", "1 May"], "curate: --days 1: give days such as 2026-11-01,2026-11-02, or all"),
        (
            ["--lake", ".", "--rejected-limit-percent", "few"],
            "curate: --rejected-limit-percent few: give a number from 0 to 100",
        ),
    ],
)
def test_wrong_input_is_named_in_one_line(arguments: list[str], line: str) -> None:
    done = curate(*arguments)
    assert (done.returncode, done.stderr.splitlines(), done.stdout) == (2, [line], "")


@pytest.mark.slow
def test_too_much_that_is_bad_ends_the_command_with_one_line_and_status_1(tmp_path: Path) -> None:
    path = tmp_path / "raw/orders/dt=2026-11-01/a.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(placed(1)) + "\n" + "bad\n" * 199)
    done = curate("--lake", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "curate: 99.5 % of the rows of orders were rejected (199 of 200, the limit is 5 %): "
        f"see file://{tmp_path}/quarantine/orders/"
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert (told[0]["domain"], told[0]["written"], told[0]["rejected"]) == ("orders", 1, 199)
    assert list(tmp_path.glob("curated/orders/dt=2026-11-01/*.parquet"))


@pytest.mark.slow
def test_another_python_on_the_path_does_not_stop_the_job(tmp_path: Path) -> None:
    path = tmp_path / "raw/orders/dt=2026-11-01/a.json"
    path.parent.mkdir(parents=True)
    # Only text that is odd goes through Python.
    path.write_text(json.dumps(placed(1) | {"customer_id": "  Zoë\u00a0 B. "}) + "\n")
    other = tmp_path / "bin" / "python3"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    done = curate("--lake", str(tmp_path), PATH=f"{other.parent}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["written"] == 1
