"""A shop that serves, and a browser to walk through it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from retail.local.cache import Cache
from retail.local.emulator import Emulator
from retail.local.postgres import Postgres
from tests.browser import chromium
from tests.pages.running import Running, storefront

__all__ = ["chromium"]


@pytest.fixture(scope="package")
def shop(
    postgres: Postgres, shop_cache: Cache, aws: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    with storefront(postgres, shop_cache, aws, tmp_path_factory.mktemp("pages") / "storefront.log") as running:
        yield running


@pytest.fixture
def visitor(shop: Running) -> Iterator[httpx.Client]:
    """Somebody with cookies of their own, without a browser."""
    with httpx.Client(base_url=shop.url, timeout=60) as client:
        yield client
