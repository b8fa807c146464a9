"""A shop that serves, and a browser to walk through it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from retail.local.cache import Cache
from retail.local.emulator import Emulator
from retail.local.postgres import Postgres
from tests.pages.running import Running, storefront

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""For root in a container, and so that the browser itself talks to nobody."""


@pytest.fixture(scope="package")
def shop(
    postgres: Postgres, shop_cache: Cache, aws: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    with storefront(postgres, shop_cache, aws, tmp_path_factory.mktemp("pages") / "storefront.log") as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if not found:
        pytest.skip("chromium is not installed: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(shop: Running) -> Iterator[httpx.Client]:
    """Somebody with cookies of their own, without a browser."""
    with httpx.Client(base_url=shop.url, timeout=10) as client:
        yield client
