"""The image, as far as one can tell without Docker: its Dockerfile is linted, and its own commands are carried out."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from retail.contracts import settings
from retail.local.processes import free_port
from tests.storefront.conftest import wait_until
from tests.storefront.image import DOCKERFILE, BuildError, Stage, build, instructions

IN_THE_IMAGE = "python3.13"


def test_hadolint_finds_nothing_in_the_dockerfile_and_is_told_to_overlook_nothing(tmp_path: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    # In a folder without a configuration, and with none at home.
    ended = subprocess.run(
        [hadolint, "--disable-ignore-pragma", DOCKERFILE],
        env={"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (ended.stdout + ended.stderr, ended.returncode) == ("", 0)


def test_the_image_runs_as_a_user_of_its_own_on_the_python_that_its_libraries_are_locked_for() -> None:
    lines = instructions(DOCKERFILE.read_text())
    (user,) = [rest for word, rest in lines if word == "USER"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "by number, as ECS and a scanner read it, and not root"
    words = [word for word, _ in lines]
    assert words.index("USER") > max(place for place, word in enumerate(words) if word in ("RUN", "COPY"))
    assert ("ARG", "PYTHON=python:3.13-slim-bookworm") in lines
    assert [rest for word, rest in lines if word == "FROM"] == ["${PYTHON} AS build", "${PYTHON}"]


def interpreter() -> str:
    """The Python of the image if it is here, else this one."""
    for candidate in (shutil.which(IN_THE_IMAGE), sys.executable):
        if candidate:
            # A version manager's stand-in is found also where there is nothing behind it.
            told = subprocess.run(
                [candidate, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True
            )
            if told.returncode == 0:
                return told.stdout.strip()
    raise AssertionError("this Python does not run")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The last stage of the Dockerfile, carried out in a directory."""
    try:
        return build(tmp_path_factory.mktemp("image"), interpreter())
    except BuildError as error:
        if "No matching distribution found" in str(error):
            pytest.skip(f"a wheel cannot be had here: {str(error).strip().splitlines()[-1]}")
        raise


def listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file below a folder, with what changes when somebody writes to it."""
    found = {str(path.relative_to(folder)): path.lstat() for path in [folder, *folder.rglob("*")]}
    return {name: (about.st_mode, about.st_size, about.st_mtime_ns) for name, about in found.items()}


@pytest.mark.slow
def test_what_the_dockerfile_builds_serves_answers_its_health_check_and_ends_well(image: Stage, tmp_path: Path) -> None:
    app = image.root / "app"
    subprocess.run(["chmod", "-R", "a-w", app], check=True)
    before = listing(app)
    assert not list(app.rglob("Dockerfile*")), "what the ignore file names is not in it"
    port = str(free_port())
    told = settings.Storefront(parameters_path="/retail/nowhere", model_id="none", port=port).variables()
    login = settings.Credentials(database_username="shop", database_password="a secret").variables()
    aws = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    environment = {**image.environment, "TMPDIR": str(image.root / "tmp"), **told, **login, **aws}

    def is_healthy() -> bool:
        return subprocess.run(image.command("HEALTHCHECK"), env=environment, capture_output=True).returncode == 0

    assert not is_healthy(), "nobody listens yet"
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen(
            image.command("CMD"), env=environment, cwd=image.workdir, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: is_healthy() or child.poll() is not None)
        assert child.poll() is None, (tmp_path / "log").read_text()
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=60).status_code == 200
        page = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60)
        assert page.status_code == 503, "there is no platform around it"
        child.send_signal(getattr(signal, image.noted["STOPSIGNAL"][-1]))
        assert child.wait(60) == 0
    finally:
        child.kill()
        child.wait()
    assert listing(app) == before, "the file system is read-only when it runs"


@pytest.mark.slow
def test_every_module_of_the_image_is_compiled_for_its_python(image: Stage) -> None:
    shop = image.root / "app" / "retail"
    modules = {path for path in shop.rglob("*.py") if "__pycache__" not in path.parts}
    compiled = {path.parents[1] / f"{path.name.split('.')[0]}.py" for path in shop.rglob("__pycache__/*.pyc")}
    assert modules
    assert modules - compiled == set()


@pytest.mark.slow
def test_the_user_that_runs_is_the_one_that_was_made(image: Stage) -> None:
    group, user = image.noted["accounts"]
    gid, uid = re.search(r"--gid (\d+)", group), re.search(r"--uid (\d+)", user)
    assert gid
    assert uid
    assert image.noted["USER"] == [f"{uid[1]}:{gid[1]}"]
    assert "--shell /usr/sbin/nologin" in user
