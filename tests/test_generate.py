"""What ``generate.py`` promises to whoever runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emitted import FILES, OUT, ROOT


def generate(*arguments: str, root: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "generate.py", *arguments],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The generator alone, to be edited."""
    for name in ("generate.py", "templates", "retail"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path)
    return tmp_path


def test_the_committed_files_are_what_the_generator_writes() -> None:
    checked = generate("--check")
    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize("seed", ["0", "1", "4294967295"])
def test_every_run_writes_the_same_bytes_whatever_the_hash_seed_locale_and_directory(tmp_path: Path, seed: str) -> None:
    written = generate("--out", str(tmp_path / "there"), PYTHONHASHSEED=seed, LC_ALL="C", TZ="Asia/Tokyo")
    assert written.returncode == 0, written.stderr
    for name in FILES:
        assert (tmp_path / "there" / f"{name}.yaml").read_bytes() == (OUT / f"{name}.yaml").read_bytes()


def test_only_what_has_changed_is_written(tmp_path: Path) -> None:
    generate("--out", str(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    (tmp_path / "05-data.yaml").write_text("edited by hand\n")
    again = generate("--out", str(tmp_path))
    assert again.stdout == "wrote 05-data.yaml\n"
    changed = {path.name for path, mtime in before.items() if path.stat().st_mtime_ns != mtime}
    assert changed == {"05-data.yaml"}


@pytest.mark.parametrize("name", ["data", "05", "05-data"])
def test_one_stack_can_be_written_alone(tmp_path: Path, name: str) -> None:
    written = generate("--only", name, "--out", str(tmp_path))
    assert written.returncode == 0, written.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["05-data.yaml"]


def test_check_writes_nothing_shows_the_difference_and_exits_with_1(tmp_path: Path) -> None:
    generate("--out", str(tmp_path))
    stale = tmp_path / "06-events.yaml"
    stale.write_text(stale.read_text().replace("RetentionDays: 90", "RetentionDays: 30"))
    text = stale.read_text()
    checked = generate("--check", "--out", str(tmp_path))
    assert checked.returncode == 1
    assert "-      RetentionDays: 30\n+      RetentionDays: 90\n" in checked.stdout
    assert stale.read_text() == text


def test_an_unknown_stack_is_named_with_those_that_there_are_and_nothing_is_written(tmp_path: Path) -> None:
    refused = generate("--only", "dta", "--out", str(tmp_path / "out"))
    assert refused.returncode == 2
    assert refused.stderr == (
        "generate.py: --only dta: no such stack; give one of networking, security, ingress, application, data, "
        "events, analytics\n"
    )
    assert not (tmp_path / "out").exists()


def test_an_unwritable_directory_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    refused = generate("--out", str(tmp_path / "file" / "out"))
    assert refused.returncode == 2
    assert refused.stderr == (
        f"generate.py: --out {tmp_path}/file/out: Not a directory; give a directory that you may write to\n"
    )


@pytest.mark.parametrize(
    ("default", "edited", "message"),
    [
        ("min_tasks: int = 2", "min_tasks: int = 30", "min_tasks 30: give more than 0 and at most max_tasks"),
        ('"10.0.0.0/16"', '"10.0.0.0/23"', "vpc_cidr '10.0.0.0/23' holds 2 subnets of /24, not 7"),
        ('"10.0.0.0/16"', '"ten"', "vpc_cidr 'ten': "),
        ("archive_days: int = 90", "archive_days: int = -1", "archive_days -1: give "),
        ("rate_limit: int = 2_000", "rate_limit: int = 5", "rate_limit 5: give 10 to 2000000000"),
        ("log_retention_days: int = 90", "log_retention_days: int = 100", "log_retention_days 100: give "),
    ],
)
def test_a_bad_value_of_the_configuration_is_named_in_one_line_and_nothing_is_written(
    copy: Path, default: str, edited: str, message: str
) -> None:
    config = copy / "retail" / "config.py"
    text = config.read_text()
    assert default in text
    config.write_text(text.replace(default, edited))
    refused = generate(root=copy)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"generate.py: {message}")
    assert refused.stderr.count("\n") == 1
    assert not (copy / "out").exists()


def test_with_nothing_changed_make_templates_runs_neither_generator_nor_linter() -> None:
    subprocess.run(["make", "templates"], cwd=ROOT, check=True, capture_output=True)
    planned = subprocess.run(["make", "--dry-run", "templates"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "generate.py" not in planned.stdout
    assert "cfn-lint" not in planned.stdout
