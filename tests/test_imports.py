"""Who may import whom, read from the source of every module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

ANY = "*"
"""A library from outside, whichever."""

ORDER = ("networking", "security", "ingress", "application", "data", "events", "analytics")

SHARED = (
    "retail.stack",
    "retail.blocks",
    "retail.policies",
    "retail.names",
    "retail.config",
    "retail.yaml_format",
    "retail.contracts",
)
"""What the generator is made of."""

GENERATOR = (
    "troposphere",
    "awacs",
    "templates",
    "generate",
    *(m for m in SHARED if m not in ("retail.config", "retail.contracts")),
)
"""What only the generator imports: each of them is Troposphere, or leads to it."""


class Room(NamedTuple):
    """A part of the house: what its modules may import besides themselves and the standard library."""

    inside: tuple[str, ...]
    outside: tuple[str, ...] = ()
    lazily: bool = False
    """Whether a function may import what the module may not."""


ROOMS = {
    "generate": Room(("templates", *SHARED)),
    "templates": Room(SHARED, ("troposphere", "awacs")),
    "retail.stack": Room(SHARED, ("troposphere",)),
    "retail.blocks": Room(SHARED, ("troposphere", "awacs")),
    "retail.policies": Room(SHARED, ("troposphere", "awacs")),
    "retail.names": Room(("retail.contracts",), ("troposphere",)),
    "retail.yaml_format": Room((), ("yaml",)),
    "retail.config": Room(("retail.contracts",)),
    "retail.contracts": Room(()),
    "retail.runtime": Room(("retail.contracts",), (ANY,)),
    "retail.storefront": Room(("retail.runtime", "retail.contracts"), (ANY,)),
    "retail.jobs": Room(("retail.runtime", "retail.contracts"), (ANY,)),
    "lambdas": Room(("retail.runtime", "retail.contracts"), (ANY,)),
    "retail.ops": Room(("retail", "lambdas"), (ANY,), lazily=True),
    "retail.local": Room(("retail", "lambdas"), (ANY,), lazily=True),
    "retail": Room(()),
}
"""The rooms, the more particular before those that hold them."""


def modules(root: Path) -> list[Path]:
    """Every module of the generator, of what it shares, and of what runs in AWS."""
    found = [path for folder in ("templates", "retail", "lambdas") for path in (root / folder).rglob("*.py")]
    return sorted(path.relative_to(root) for path in [root / "generate.py", *found])


def within(module: str, package: str) -> bool:
    """Whether a module is a package or lies in it."""
    return module == package or module.startswith(package + ".")


def dotted(path: Path) -> str:
    """A module's name by its path."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(node: ast.AST, path: Path, lazily: bool) -> Iterator[str]:
    """What a source imports, in all of it or only outside its functions; the last part may be no module."""
    for child in ast.iter_child_nodes(node):
        if lazily and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        match child:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = path.with_suffix("").parts[:-level] if level else ()
                base = ".".join([*above, *([module] if module else [])])
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield module
        yield from imports(child, path, lazily)


def room_of(path: Path) -> str:
    """The room in which a module stands."""
    return next(room for room in ROOMS if within(dotted(path), room))


def is_welcome(imported: str, path: Path) -> bool:
    """Whether a module may import another."""
    name, room = dotted(path), room_of(path)
    first = imported.split(".")[0]
    if first in sys.stdlib_module_names:
        return True
    if room == "templates" and first == "templates":
        earlier = ORDER[: ORDER.index(path.stem)] if path.stem in ORDER else ()
        return any(within(imported, f"templates.{stack}") for stack in earlier)
    if room == "lambdas" and first == "lambdas":
        return within(imported, ".".join(name.split(".")[:2]))
    if any(within(imported, stranger) for stranger in GENERATOR) and ANY in ROOMS[room].outside:
        return False
    if room != "retail" and within(imported, room):
        return True
    if first in ("generate", "templates", "retail", "lambdas", "tests"):
        return any(within(imported, welcome) for welcome in ROOMS[room].inside)
    return ANY in ROOMS[room].outside or first in ROOMS[room].outside


def strangers(root: Path, path: Path) -> list[str]:
    """What a module imports and may not, each in a sentence."""
    source = ast.parse((root / path).read_text(encoding="utf-8"))
    found = [name for name in imports(source, path, ROOMS[room_of(path)].lazily) if not is_welcome(name, path)]
    called = {name if name.startswith(("retail.", "templates.")) else name.split(".")[0] for name in found}
    return [f"{path.as_posix()} imports {stranger}" for stranger in sorted(called)]


@pytest.mark.parametrize("path", modules(ROOT), ids=str)
def test_every_module_imports_only_whom_it_may(path: Path) -> None:
    assert strangers(ROOT, path) == []


def test_every_stack_of_the_order_has_its_module() -> None:
    assert {path.stem for path in modules(ROOT) if path.parts[0] == "templates"} == {*ORDER, "__init__"}


@pytest.mark.parametrize(
    ("module", "source", "sentence"),
    [
        ("retail/contracts/x.py", "import troposphere", "retail/contracts/x.py imports troposphere"),
        ("retail/contracts/x.py", "import yaml", "retail/contracts/x.py imports yaml"),
        ("retail/contracts/x.py", "from retail import names", "retail/contracts/x.py imports retail.names"),
        ("retail/contracts/x.py", "from .. import names", "retail/contracts/x.py imports retail.names"),
        (
            "retail/contracts/x.py",
            "from ..runtime import y",
            "retail/contracts/x.py imports retail.runtime.y",
        ),
        ("retail/runtime/x.py", "def f():\n    import awacs.s3", "retail/runtime/x.py imports awacs"),
        (
            "retail/runtime/x.py",
            "import retail.storefront.y",
            "retail/runtime/x.py imports retail.storefront.y",
        ),
        ("retail/storefront/x.py", "from retail import stack", "retail/storefront/x.py imports retail.stack"),
        (
            "retail/jobs/x.py",
            "from retail.storefront import y",
            "retail/jobs/x.py imports retail.storefront.y",
        ),
        ("lambdas/a/x.py", "import generate", "lambdas/a/x.py imports generate"),
        ("lambdas/a/x.py", "from lambdas.b import y", "lambdas/a/x.py imports lambdas"),
        (
            "lambdas/a/x.py",
            "import importlib\nimportlib.import_module('templates.data')",
            "lambdas/a/x.py imports templates.data",
        ),
        (
            "templates/data.py",
            "from templates.events import Events",
            "templates/data.py imports templates.events.Events",
        ),
        ("templates/data.py", "from retail.ops import y", "templates/data.py imports retail.ops.y"),
        ("templates/data.py", "import boto3", "templates/data.py imports boto3"),
        ("retail/config.py", "import troposphere", "retail/config.py imports troposphere"),
        ("retail/blocks/x.py", "from templates import data", "retail/blocks/x.py imports templates.data"),
        ("retail/ops/x.py", "import troposphere.s3", "retail/ops/x.py imports troposphere"),
        ("retail/local/x.py", "from retail import names", "retail/local/x.py imports retail.names"),
        ("retail/attic.py", "import yaml", "retail/attic.py imports yaml"),
        ("generate.py", "import boto3", "generate.py imports boto3"),
    ],
)
def test_a_stranger_is_found_and_named(tmp_path: Path, module: str, source: str, sentence: str) -> None:
    (tmp_path / module).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / module).write_text(source, encoding="utf-8")
    assert strangers(tmp_path, Path(module)) == [sentence]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("retail/contracts/x.py", "import json\nfrom retail.contracts import events\nfrom . import lake"),
        ("lambdas/a/x.py", "import psycopg\nfrom retail.runtime import database\nfrom lambdas.a import y"),
        ("templates/data.py", "from troposphere import Ref\nfrom templates.security import Security"),
        ("retail/ops/x.py", "def f():\n    from templates import data"),
    ],
)
def test_whom_a_module_may_import_is_not_called_a_stranger(tmp_path: Path, module: str, source: str) -> None:
    (tmp_path / module).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / module).write_text(source, encoding="utf-8")
    assert strangers(tmp_path, Path(module)) == []
