"""Archives of our own modules: what a program imports of them, and zips that are the same from the same sources."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

OURS = ("lambdas", "retail")

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can tell; every file has it."""

Files = dict[str, bytes]


def follow(names: Sequence[str], root: Path) -> tuple[dict[str, Path], set[str]]:
    """The modules of ours that these modules are and import, by their dotted names, and the libraries they import."""
    waiting = list(names)
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


def fingerprint(content: Files) -> str:
    """What a zip is called by: its content, not how it is packed, which is not the same with each zlib."""
    digest = sha256()
    for name in sorted(content):
        digest.update(f"{name}\0{len(content[name])}\0".encode())
        digest.update(content[name])
    return digest.hexdigest()[:16]


def write_zip(path: Path, content: Files) -> None:
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


def dotted(path: Path) -> str:
    """A module's name by its path from the root."""
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
