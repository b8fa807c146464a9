"""What parts agree on is written in retail/contracts and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from retail.contracts import lake, parameters, settings
from retail.contracts.events import EVENTS, SOURCE
from tests.emitted import ROOT

CONTRACTS = ROOT / "retail" / "contracts"
FOLDERS = ("templates", "retail", "lambdas")

PATHS = [value for name, value in vars(parameters).items() if name.isupper()]
PARTS = [part for part in vars(settings).values() if isinstance(part, type) and issubclass(part, settings.Settings)]
VARIABLES = sorted({field.name.upper() for part in PARTS for field in fields(part)} - {"PORT"})
"""PORT means too much else."""

PREFIXES = [lake.RAW, lake.CURATED, lake.QUARANTINE, lake.QUERY_RESULTS]
WORDS = [*EVENTS, SOURCE, *PATHS, *VARIABLES]
AGREED = re.compile(
    "|".join(
        [
            # retail.storefront is a package's name as well.
            rf"(?<![\w-])(?:{'|'.join(map(re.escape, WORDS))})(?![\w/-]|\.\w)",
            rf"(?<![\w-])(?:{'|'.join(map(re.escape, PREFIXES))})",
        ]
    )
)


def literals(source: str) -> Iterator[tuple[int, str]]:
    """The text in a module's code, without its docstrings, each with its line."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def repeated(source: str) -> list[str]:
    """What a module writes that contracts hold, each with its line."""
    return [f"{line}: {found[0]}" for line, text in literals(source) for found in AGREED.finditer(text)]


def modules() -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in [ROOT / "generate.py", *found] if CONTRACTS not in path.parents]


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_but_the_contracts_writes_what_is_agreed_on(path: Path) -> None:
    assert repeated(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        'rule = "OrderPlaced"',
        'os.environ["DATABASE_HOST"]',
        "sql = f\"WHERE type = 'OrderShipped' AND {more}\"",
        'ssm.get_parameter(Name="/retail/dev/data/writer-host")',
        'key = f"raw/orders/{day}"',
        'pattern = {"source": ["retail.storefront"]}',
    ],
)
def test_what_is_written_again_is_found(line: str) -> None:
    assert len(repeated(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        '"""Writes OrderPlaced to raw/orders/."""',
        'name = "OrderPlacedQueue"',
        "command = 'python -m retail.storefront.migrate'",
        "x = OrderPlaced",
    ],
)
def test_what_only_looks_alike_is_left_alone(line: str) -> None:
    assert repeated(line) == []


@pytest.mark.parametrize("path", sorted((ROOT / "retail" / "queries").glob("*.sql")), ids=lambda path: path.stem)
def test_a_query_which_is_sql_alone_names_only_events_that_there_are(path: Path) -> None:
    names = re.findall(r"'([A-Z][a-z]+(?:[A-Z][a-z]+)+)'", path.read_text(encoding="utf-8"))
    assert set(names) <= set(EVENTS)
