from __future__ import annotations

import importlib
import json
import re
import shutil
import site
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from zipfile import ZipFile

import pytest

from retail.ops import artifacts, package
from retail.ops.package import FUNCTIONS, PackageError
from tests import emitted

WITH_DATABASE = ("inventory_handler", "order_processor")
AARCH64 = 0xB7
"""How an ELF file says that it is for ARM64."""


@pytest.fixture(scope="module")
def zips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The packaged functions by name."""
    return dict(zip(FUNCTIONS, package.build(into=tmp_path_factory.mktemp("build")), strict=True))


def test_the_same_sources_are_the_same_bytes(zips: dict[str, Path], tmp_path: Path) -> None:
    again = package.build(into=tmp_path)
    assert [(path.name, path.read_bytes()) for path in again] == [
        (path.name, path.read_bytes()) for path in zips.values()
    ]


def test_a_changed_source_is_another_name_and_the_old_zip_goes(tmp_path: Path) -> None:
    root = _copy(tmp_path / "root")
    (first,) = package.build(["notification"], root, tmp_path / "build")
    other = first.with_name("order_processor-0000000000000000.zip")
    other.touch()
    texts = root / "lambdas/notification/texts.py"
    texts.write_text(texts.read_text() + "\n# Another word.\n")
    (second,) = package.build(["notification"], root, tmp_path / "build")
    assert second.name != first.name
    assert set(first.parent.iterdir()) == {second, other}


def test_what_a_function_does_not_import_does_not_change_its_name(tmp_path: Path) -> None:
    root = _copy(tmp_path / "root")
    (first,) = package.build(["notification"], root, tmp_path / "build")
    for unused in ("retail/runtime/database.py", "retail/contracts/carts.py", "lambdas/order_processor/orders.py"):
        (root / unused).write_text((root / unused).read_text() + "\n# Another word.\n")
    assert package.build(["notification"], root, tmp_path / "build") == [first]


def test_the_deployment_finds_each_function_by_its_file(zips: dict[str, Path]) -> None:
    patterns = [pattern for code in artifacts.CODE.values() for pattern in code.values() if "lambdas/" in pattern]
    names = [f"lambdas/{path.name}" for path in zips.values()]
    assert sorted(sum(fnmatch(name, pattern) for name in names) for pattern in patterns) == [1] * len(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_handler_of_the_templates_is_a_packaged_function(name: str) -> None:
    handlers = [
        function["Properties"]["Handler"]["Fn::If"][1]
        for stack in ("06-events", "07-analytics")
        for function in emitted.resources(stack, "AWS::Lambda::Function").values()
    ]
    assert f"lambdas.{name}.handler.handler" in handlers
    assert len(handlers) == len(FUNCTIONS)
    assert callable(importlib.import_module(f"lambdas.{name}.handler").handler)


IMPORT = """
import json, sys
sys.path[:0] = sys.argv[2:]
__import__(f"lambdas.{sys.argv[1]}.handler")
print(json.dumps({name: module.__file__ for name, module in sys.modules.items() if getattr(module, "__file__", None)}))
"""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_is_imported_from_its_zip_alone(name: str, zips: dict[str, Path], tmp_path: Path) -> None:
    with ZipFile(zips[name]) as archive:
        archive.extractall(tmp_path)
    # The database driver of the zip is for another processor: this machine's own stands in for it, as for boto3.
    for foreign in [*tmp_path.glob("psycopg*")]:
        shutil.rmtree(foreign)
    command = [sys.executable, "-I", "-S", "-c", IMPORT, name, str(tmp_path), *site.getsitepackages()]
    loaded = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout)

    brought = {module.split(".")[0] for module, file in loaded.items() if file.startswith(str(tmp_path))}
    found = {
        module.split(".")[0]
        for module, file in loaded.items()
        if any(file.startswith(folder) for folder in site.getsitepackages())
    }
    of_lambda = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3", "certifi"}
    driver = {"psycopg", "psycopg_binary", "typing_extensions"} if name in WITH_DATABASE else set()
    # redis looks whether opentelemetry is there, and does without.
    optional = {"opentelemetry", "importlib_metadata"} if name == "inventory_handler" else set()
    assert found <= of_lambda | driver | optional
    assert brought == {"lambdas", "retail"} | ({"redis"} if name == "inventory_handler" else set())


@pytest.mark.parametrize("name", WITH_DATABASE)
def test_the_driver_is_for_arm_and_its_certificates_are_with_it(name: str, zips: dict[str, Path]) -> None:
    with ZipFile(zips[name]) as archive:
        native = [each for each in archive.namelist() if ".so" in each]
        machines = {int.from_bytes(archive.read(each)[18:20], "little") for each in native}
        authorities = archive.read("retail/runtime/rds-ca.pem").count(b"BEGIN CERTIFICATE")
    assert any(each.startswith("psycopg_binary/") and "cpython-313" in each for each in native)
    assert machines == {AARCH64}
    assert authorities > 50


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - set(WITH_DATABASE)))
def test_a_function_without_a_database_brings_no_libraries(name: str, zips: dict[str, Path]) -> None:
    with ZipFile(zips[name]) as archive:
        assert {each.split("/")[0] for each in archive.namelist()} == {"lambdas", "retail"}
    assert zips[name].stat().st_size < 100_000


def test_nothing_of_the_runtimes_own_is_brought(zips: dict[str, Path]) -> None:
    for path in zips.values():
        with ZipFile(path) as archive:
            assert not [each for each in archive.namelist() if each.startswith(("boto", "pip", "bin/"))]


def test_bytecode_is_for_lambdas_python_and_is_not_checked(zips: dict[str, Path]) -> None:
    if package._python(package.LAMBDA.python) is None:
        pytest.skip("there is no python3.13 on the PATH")
    for path in zips.values():
        with ZipFile(path) as archive:
            sources = {each for each in archive.namelist() if each.endswith(".py")}
            compiled = {each for each in archive.namelist() if each.endswith(".pyc")}
            assert len(compiled) == len(sources)
            # The second word says: by hash, unchecked.
            assert {(each.split(".")[-2], archive.read(each)[4:8]) for each in compiled} == {
                ("cpython-313", b"\x01\0\0\0")
            }


def test_each_zip_is_told_with_its_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (zipped,) = package.build(["notification"], _copy(tmp_path / "root"), tmp_path / "build")
    (line,) = [each for each in capsys.readouterr().out.splitlines() if str(zipped) in each]
    assert re.search(r": 0\.0\d MB, unzipped 0\.\d\d MB", line), line


def test_a_library_that_nobody_packages_is_refused(tmp_path: Path) -> None:
    root = _copy(tmp_path / "root")
    (root / "lambdas/notification/texts.py").write_text("import yaml\n")
    with pytest.raises(PackageError, match="notification imports yaml"):
        package.build(["notification"], root, tmp_path / "build")


def _copy(root: Path) -> Path:
    """The sources, to be changed; nothing to install."""
    for path in [*emitted.ROOT.glob("lambdas/**/*.py"), *emitted.ROOT.glob("retail/*/*.py")]:
        copy = root / path.relative_to(emitted.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (root / package.REQUIREMENTS).touch()
    return root
