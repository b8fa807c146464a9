"""A browser for whoever tests pages; a folder that wants it imports the fixture in its conftest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""For root in a container, and so that the browser itself talks to nobody."""

PATIENCE_MILLISECONDS = 60_000
"""How long a page may take to become what a test expects; Playwright's own 5 s are short for a busy machine."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Chromium without a window, one for each folder."""
    found = shutil.which("chromium")
    if not found:
        pytest.skip("chromium is not installed: apt-get install --no-install-recommends chromium")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()
