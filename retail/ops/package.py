"""Package the functions: ``build/lambdas/<name>-<hash>.zip``, the same bytes from the same sources.

    python -m retail.ops.package

A zip holds what its function imports and nothing else: its own package, modules of ``retail``, and the wheels of
``lambdas/requirements.txt`` for Lambda's ARM64 and Python 3.13. boto3 is the runtime's own. Modules are compiled as
well where a python3.13 is on the PATH, since a function cannot write to its folder and would compile them again at each
cold start; without one the function runs all the same, and starts more slowly.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from retail.ops.artifacts import BUILD
from retail.ops.cli import StackError, exit_status, say

ROOT = Path(__file__).parents[2]
FUNCTIONS = ("crawler_trigger", "inventory_handler", "notification", "order_processor")
OURS = ("lambdas", "retail")
PYTHON = "3.13"
REQUIREMENTS = Path("lambdas/requirements.txt")

PROVIDED = ("boto3", "botocore")
"""What Lambda's runtime brings."""

WHEELS = {"psycopg": ("psycopg", "psycopg_binary"), "redis": ("redis",)}
"""What is imported, and the distributions it needs, by the names of their metadata."""

DATA = {"retail.runtime.database": ("retail/runtime/rds-ca.pem",)}
"""The files that a module reads."""

MADE_BY_PIP = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can tell; every file has it."""

Files = dict[str, bytes]


class PackageError(StackError):
    """A function cannot be packaged; one line that says why."""


def build(names: Sequence[str] = FUNCTIONS, root: Path = ROOT, into: Path = BUILD) -> list[Path]:
    """Package functions, and remove what was packaged of them before; returns the zips. Raises PackageError."""
    folder = into / "lambdas"
    folder.mkdir(parents=True, exist_ok=True)
    python = _python()
    if python is None:
        say(f"no python{PYTHON} on the PATH: packaged without bytecode, so that cold starts take longer")
    with tempfile.TemporaryDirectory() as scratch:
        libraries = Path(scratch) / "libraries"
        _install(root / REQUIREMENTS, libraries)
        made = []
        for name in names:
            content = _content(name, root, libraries)
            if python:
                content = _compiled(python, content, Path(scratch) / name)
            zipped = folder / f"{name}-{_hash(content)}.zip"
            _write(zipped, content)
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
    waiting = [_dotted(path.relative_to(root)) for path in sorted(package.rglob("*.py"))]
    found: dict[str, Path] = {}
    libraries: set[str] = set()
    while waiting:
        module = waiting.pop()
        path = _source(module, root)
        # `from package import name` names a module or a thing within one.
        if path is None:
            module = module.rpartition(".")[0]
            path = _source(module, root)
        if path is None or module in found:
            continue
        found[module] = path
        waiting += [parent for parent in _parents(module) if parent not in found]
        for imported in _imports(path):
            first = imported.split(".")[0]
            if first in OURS:
                waiting.append(imported)
            elif first not in sys.stdlib_module_names:
                libraries.add(first)
    return found, libraries


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


def _install(requirements: Path, target: Path) -> None:
    """Put the locked wheels for Lambda into a folder."""
    # Lambda's Python 3.13 runs on Amazon Linux 2023, whose glibc is 2.34.
    platforms = [word for tag in ("manylinux2014", "manylinux_2_28") for word in ("--platform", f"{tag}_aarch64")]
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore",
        "--requirement", str(requirements), "--require-hashes", "--no-deps", "--no-compile", "--target", str(target),
        "--python-version", PYTHON, "--implementation", "cp", "--only-binary=:all:", *platforms,
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
        raise PackageError(f"python{PYTHON} cannot compile: {' '.join((done.stdout + done.stderr).split())}")
    return {path.relative_to(scratch).as_posix(): path.read_bytes() for path in scratch.rglob("*") if path.is_file()}


def _python() -> str | None:
    """A Python whose bytecode Lambda's can read."""
    for candidate in (sys.executable, shutil.which(f"python{PYTHON}")):
        if candidate and _version(candidate) == PYTHON:
            return candidate
    return None


def _version(python: str) -> str:
    code = "import sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}')"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.strip()


def _hash(content: Files) -> str:
    """What a zip is called by: its content, not how it is packed, which is not the same with each zlib."""
    digest = sha256()
    for name in sorted(content):
        digest.update(f"{name}\0{len(content[name])}\0".encode())
        digest.update(content[name])
    return digest.hexdigest()[:16]


def _write(path: Path, content: Files) -> None:
    """Write a zip; one that is there is whole."""
    part = path.with_suffix(".part")
    with ZipFile(part, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(content):
            info = ZipInfo(name, EPOCH)
            info.compress_type = ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content[name])
    part.replace(path)


def _source(module: str, root: Path) -> Path | None:
    path = root.joinpath(*module.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _parents(module: str) -> Iterable[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _imports(path: Path) -> Iterator[str]:
    """What a module imports as it is loaded."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.2f} MB"


def main() -> int:
    def work() -> None:
        build()

    return exit_status("package", work)


if __name__ == "__main__":
    sys.exit(main())
