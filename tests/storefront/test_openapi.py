"""The API against its own OpenAPI document, with whatever schemathesis thinks of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import DataObject, data, sampled_from
from schemathesis import GenerationMode

from retail.storefront.shop import Shop
from retail.storefront.staff import hash_password
from tests.storefront.conftest import World, wait_until
from tests.storefront.test_process import running

EXAMPLES = 30
"""For each operation; all of them take some 10 s."""


OPERATIONS = [
    ("GET", "/api/categories"),
    ("GET", "/api/products"),
    ("GET", "/api/products/{sku}"),
    ("GET", "/api/products/{sku}/recommendations"),
    ("GET", "/api/cart"),
    ("DELETE", "/api/cart"),
    ("PUT", "/api/cart/{sku}"),
    ("DELETE", "/api/cart/{sku}"),
    ("POST", "/api/checkout"),
    ("GET", "/api/orders"),
    ("POST", "/api/orders"),
    ("GET", "/api/orders/{order_id}"),
    ("POST", "/api/orders/{order_id}/payment"),
    ("POST", "/api/staff/session"),
    ("DELETE", "/api/staff/session"),
    ("GET", "/api/staff/orders"),
    ("POST", "/api/staff/orders/{order_id}/shipment"),
]


@pytest.fixture(scope="module")
def served(world: World, shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real process."""
    with running(world, tmp_path_factory.mktemp("openapi") / "log") as process:
        wait_until(lambda: process.get("/readyz").status_code == 200)
        yield process.url


@pytest.fixture(scope="module")
def cookie(served: str, shop: Shop) -> str:
    """The session of a shopper who is staff too, so that every operation is open."""
    shop.staff.grant("schemathesis", hash_password("a long password"))
    login = {"username": "schemathesis", "password": "a long password"}
    answer = httpx.post(f"{served}/api/staff/session", json=login, timeout=60)
    return f"session={answer.cookies['session']}"


@pytest.fixture(scope="module")
def document(served: str) -> Any:
    """The document as schemathesis reads it."""
    return schemathesis.openapi.from_url(f"{served}/api/openapi.json", timeout=60)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_answers_as_it_is_documented(document: Any, cookie: str, method: str, path: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(data())
    def ask(chosen: DataObject) -> None:
        mode = chosen.draw(sampled_from(GenerationMode))
        case = chosen.draw(document[path][method].as_strategy(generation_mode=mode))
        case.call_and_validate(headers={"Cookie": cookie}, timeout=60)

    ask()


def test_every_operation_is_documented(served: str) -> None:
    paths = httpx.get(f"{served}/api/openapi.json", timeout=60).json()["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == set(OPERATIONS)
