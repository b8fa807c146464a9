"""The zips for this machine: the very sources, with libraries for this processor and this Python."""

from __future__ import annotations

import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from retail.ops import package
from tests.emitted import ROOT

MACHINE = slice(18, 20)
"""Where an ELF file says for which processor it is."""


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The order processor, which has a library of machine code."""
    (made,) = package.build(["order_processor"], into=tmp_path_factory.mktemp("build"), platform=package.HERE)
    return made


def test_the_libraries_are_for_this_processor(zipped: Path) -> None:
    with ZipFile(zipped) as archive:
        libraries = [archive.read(name) for name in archive.namelist() if ".so" in Path(name).suffixes]
    ours = Path(sys.executable).resolve().read_bytes()[MACHINE]
    assert libraries
    assert {library[MACHINE] for library in libraries} == {ours}


def test_the_bytecode_is_for_this_python(zipped: Path) -> None:
    with ZipFile(zipped) as archive:
        tags = {Path(name).suffixes[0] for name in archive.namelist() if name.endswith(".pyc")}
    assert tags == {f".{sys.implementation.cache_tag}"}


def test_the_sources_are_those_of_the_checkout(zipped: Path) -> None:
    with ZipFile(zipped) as archive:
        ours = [name for name in archive.namelist() if name.startswith(("lambdas/", "retail/")) and name.endswith("py")]
        assert "lambdas/order_processor/handler.py" in ours
        assert all(archive.read(name) == (ROOT / name).read_bytes() for name in ours)
