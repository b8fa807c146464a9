"""Package the functions: ``build/lambdas/<name>-<hash>.zip``, the same bytes from the same sources; and the Glue job.

    python -m retail.ops.package           # for Lambda
    python -m retail.ops.package --here    # for this machine, into .local/build

A zip holds what its function imports and nothing else: its own package, modules of ``retail``, and the wheels of
``lambdas/requirements.txt`` for Lambda's ARM64 and Python 3.13, or for this machine and this Python. boto3 is the
runtime's own. Modules are compiled as well where that Python is on the PATH, since a function cannot write to its
folder and would compile them again at each cold start; without it the function runs all the same, and starts more
slowly.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retail.ops import job
from retail.ops.archives import Files, dotted, fingerprint, follow, write_zip
from retail.ops.artifacts import BUILD
from retail.ops.cli import Parser, StackError, exit_status, say

ROOT = Path(__file__).parents[2]
FUNCTIONS = ("crawler_trigger", "inventory_handler", "notification", "order_processor")
REQUIREMENTS = Path("lambdas/requirements.txt")

PROVIDED = ("boto3", "botocore")
"""What Lambda's runtime brings."""

WHEELS = {"psycopg": ("psycopg", "psycopg_binary"), "redis": ("redis",)}
"""What is imported, and the distributions it needs, by the names of their metadata."""

DATA = {"retail.runtime.database": ("retail/runtime/rds-ca.pem",)}
"""The files that a module reads."""

MADE_BY_PIP = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")


@dataclass(frozen=True, slots=True)
class Platform:
    """Where functions are to run: a Python's version, and what pip is to be told of it."""

    python: str
    options: tuple[str, ...] = ()


# Lambda's Python 3.13 runs on Amazon Linux 2023, whose glibc is 2.34.
LAMBDA = Platform(
    "3.13",
    (
        "--python-version", "3.13", "--implementation", "cp",
        "--platform", "manylinux2014_aarch64", "--platform", "manylinux_2_28_aarch64",
    ),
)  # fmt: skip
HERE = Platform(f"{sys.version_info.major}.{sys.version_info.minor}")

BUILD_HERE = Path(".local/build")
"""Not where the deployment looks."""


class PackageError(StackError):
    """A function cannot be packaged; one line that says why."""


def build(
    names: Sequence[str] = FUNCTIONS, root: Path = ROOT, into: Path = BUILD, platform: Platform = LAMBDA
) -> list[Path]:
    """Package functions, and remove what was packaged of them before; returns the zips. Raises PackageError."""
    folder = into / "lambdas"
    folder.mkdir(parents=True, exist_ok=True)
    python = _python(platform.python)
    if python is None:
        say(f"no python{platform.python} on the PATH: packaged without bytecode, so that cold starts take longer")
    with tempfile.TemporaryDirectory() as scratch:
        libraries = Path(scratch) / "libraries"
        _install(root / REQUIREMENTS, libraries, platform)
        made = []
        for name in names:
            content = _content(name, root, libraries)
            if python:
                content = _compiled(python, content, Path(scratch) / name)
            zipped = folder / f"{name}-{fingerprint(content)}.zip"
            write_zip(zipped, content)
            for old in set(folder.glob(f"{name}-*.zip")) - {zipped}:
                old.unlink()
            made.append(zipped)
            say(
                f"{zipped}: {_megabytes(zipped.stat().st_size)}, unzipped {_megabytes(sum(map(len, content.values())))}"
            )
    return made


def modules(name: str, root: Path = ROOT) -> tuple[dict[str, Path], set[str]]:
    """A function's own modules by their dotted names, with all that they import, and the libraries they import.

    What only type checkers read, or is imported inside a function, is not followed: a Lambda has no use for it.
    """
    package = root / "lambdas" / name
    return follow([dotted(path.relative_to(root)) for path in sorted(package.rglob("*.py"))], root)


def _content(name: str, root: Path, libraries: Path) -> Files:
    """The files of a function's zip."""
    found, imported = modules(name, root)
    content = {path.relative_to(root).as_posix(): path.read_bytes() for path in found.values()}
    for module in found:
        for file in DATA.get(module, ()):
            content[file] = (root / file).read_bytes()
    for library in sorted(imported - set(PROVIDED)):
        if library not in WHEELS:
            raise PackageError(f"{name} imports {library}: say in {__name__} which distributions it needs")
        for distribution in WHEELS[library]:
            content |= _distribution(distribution, libraries)
    return content


def _distribution(name: str, libraries: Path) -> Files:
    """A library's files, with what it says of itself: psycopg reads it, and so do scanners of deployed code."""
    records = list(libraries.glob(f"{name}-*.dist-info/RECORD"))
    if len(records) != 1:
        raise PackageError(f"{name} is not in {REQUIREMENTS}: run make lock")
    names = [line.rsplit(",", 2)[0].strip('"') for line in records[0].read_text().splitlines()]
    wanted = [each for each in names if Path(each).name not in MADE_BY_PIP]
    return {each: (libraries / each).read_bytes() for each in wanted}


def _install(requirements: Path, target: Path, platform: Platform) -> None:
    """Put the locked wheels for a platform into a folder."""
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore",
        "--requirement", str(requirements), "--require-hashes", "--no-deps", "--no-compile", "--target", str(target),
        "--only-binary=:all:", *platform.options,
    ]  # fmt: skip
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"pip cannot install {requirements}: {' '.join(done.stderr.split())}")


def _compiled(python: str, content: Files, scratch: Path) -> Files:
    """The files with their bytecode."""
    for name, data in content.items():
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    # Unchecked: a zip rounds times, so that a check by time would fail. The path is what a traceback shows.
    command = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    # Sets are written in the order of their hashes.
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": ""}
    done = subprocess.run(
        [*command, "-s", str(scratch), "-p", "/var/task", str(scratch)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise PackageError(f"{python} cannot compile: {' '.join((done.stdout + done.stderr).split())}")
    return {path.relative_to(scratch).as_posix(): path.read_bytes() for path in scratch.rglob("*") if path.is_file()}


def _python(version: str) -> str | None:
    """A Python whose bytecode one of that version can read."""
    for candidate in (sys.executable, shutil.which(f"python{version}")):
        if candidate and _version(candidate) == version:
            return candidate
    return None


def _version(python: str) -> str:
    code = "import sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}')"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.strip()


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.2f} MB"


def main() -> int:
    def work() -> None:
        parser = Parser(prog="python -m retail.ops.package", description="Package the functions and the Glue job.")
        parser.add_argument("--here", action="store_true", help=f"for this machine, into {BUILD_HERE}")
        if parser.parse_args().here:
            build(into=BUILD_HERE, platform=HERE)
            job.build(into=BUILD_HERE)
        else:
            build()
            job.build()

    return exit_status("package", work)


if __name__ == "__main__":
    sys.exit(main())
