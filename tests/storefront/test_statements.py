"""SQL takes what a shopper writes as values only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.storefront.conftest import World

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path.relative_to(ROOT)
    for folder in ("retail/storefront", "retail/runtime", "retail/jobs", "lambdas")
    for path in (ROOT / folder).rglob("*.py")
)
HOSTILE = ["' OR 1=1 --", "'; DROP TABLE products; --", "%s %(sku)s", "100 %", "\\' {sku} $1", '" OR ""="']
SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|VALUES)\b")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_shopper_writes_is_looked_for_as_it_is(world: World, visitor: TestClient, text: str) -> None:
    category = f"{text} {uuid4().hex}"
    sku = world.product(category=category)
    before = world.one("SELECT count(*) FROM products")
    listed = visitor.get("/api/products", params={"category": category}).json()
    assert [item["sku"] for item in listed["items"]] == [sku]
    assert visitor.get("/api/products", params={"category": f"{text} {text}"}).json()["total"] == 0
    for path in ("/api/products", "/products"):
        assert visitor.get(path, params={"q": text}).status_code == 200
        assert visitor.get(path, params={"q": "mug", "category": text}).status_code == 200
    assert world.one("SELECT count(*) FROM products") == before


def put_together(source: str) -> Iterator[int]:
    """The lines at which a function makes SQL out of pieces. A module's constants have only other constants in them."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(function):
                made = isinstance(node, ast.JoinedStr | ast.BinOp) or (
                    isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
                )
                if made and any(
                    isinstance(part, ast.Constant) and isinstance(part.value, str) and SQL.search(part.value)
                    for part in ast.walk(node)
                ):
                    yield node.lineno  # type: ignore[attr-defined]  # each of the three has one


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_statement_is_put_together_while_it_runs(path: Path) -> None:
    assert list(put_together((ROOT / path).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "expression",
    ["f'SELECT {x}'", "'SELECT * FROM t WHERE a = ' + x", "'DELETE FROM %s' % x", "'UPDATE {}'.format(x)"],
)
def test_a_statement_that_is_put_together_is_found(expression: str) -> None:
    assert list(put_together(f"def f(x):\n    return {expression}")) == [2]
