"""What any test may ask for."""

from __future__ import annotations

import sys

import pytest

from tests.parts import aws, postgres, shop_cache

__all__ = ["aws", "postgres", "shop_cache"]


@pytest.fixture(autouse=True)
def fresh_session() -> None:
    """boto3's default session keeps the environment of whoever asked first; each test has one of its own."""
    if "boto3" in sys.modules:
        sys.modules["boto3"].DEFAULT_SESSION = None  # type: ignore[attr-defined]  # a module's variable
