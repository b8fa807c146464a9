"""The page of the whole platform, started as a user starts it: a real order's way, and each button."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from retail.local.processes import free_port
from tests.emitted import ROOT
from tests.pages.forms import buy
from tests.watch.conftest import NOTE

pytestmark = pytest.mark.slow

START_SECONDS = 180
PATIENCE_MILLISECONDS = 60_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The shop's address."""
    state, port = tmp_path_factory.mktemp("local"), free_port()
    command = [sys.executable, "-m", "retail.local.platform", "--port", str(port), "--state", str(state / "state")]
    log = state / "log"
    with log.open("wb") as output:
        running = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        _await(running, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(60)


def _await(running: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "The platform runs" not in log.read_text():
        assert running.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


@pytest.fixture
def page(shop: str, chromium: Browser) -> Iterator[Page]:
    """The page, live; nothing may be written to its console, thrown, or stopped by its policy."""
    complaints: list[str] = []
    opened = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
    opened.set_default_timeout(PATIENCE_MILLISECONDS)
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.add_init_script(NOTE)
    opened.goto(f"{shop}/_platform")
    opened.wait_for_selector("#live[data-state=live]")
    yield opened
    complaints += opened.evaluate("violations")
    opened.context.close()
    assert complaints == []


def becomes(page: Page, box: str, tone: str) -> None:
    expect(page.locator(f"#{box}")).to_have_attribute("data-tone", tone, timeout=PATIENCE_MILLISECONDS)


def press(page: Page, button: str, says: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator("#outcome")).to_have_text(re.compile(says), timeout=PATIENCE_MILLISECONDS)


def test_a_rush_that_nobody_watched_is_counted_to_its_last_request(shop: str) -> None:
    with httpx.Client(base_url=shop, timeout=60) as shopper:
        counted = [shopper.get("/static/nothing.css").status_code for _ in range(700)]
        with shopper.stream("GET", "/_platform/frames") as stream:
            first = next(line for line in stream.iter_lines() if line.startswith("data: "))
    assert counted == [404] * 700
    assert json.loads(first.removeprefix("data: "))["totals"]["requests"] >= 700


def test_an_order_placed_in_the_shop_lights_its_way_up(page: Page, shop: str) -> None:
    page.wait_for_timeout(1_500)  # the page has looked once, so that what follows is news
    with httpx.Client(base_url=shop, timeout=60, follow_redirects=True) as shopper:
        buy(shopper, "KIT-101")
    way = ["browser", "waf", "behaviour-3", "listener", "targets", "tasks", "writer", "relay", "bus",
           "rule-OrderProcessingRule", "queue-OrderProcessingQueue", "function-OrderProcessor",
           "function-InventoryHandler", "function-Notification", "topic", "raw-orders", "raw-inventory"]  # fmt: skip
    deadline = time.monotonic() + 90
    while not set(way) <= set(page.evaluate("lit")):
        assert time.monotonic() < deadline, page.evaluate("lit")
        page.wait_for_timeout(100)
    lit = list(dict.fromkeys(page.evaluate("lit")))
    # What else lights these up, such as a look at a product, is no order's.
    alone = ["relay", "bus", "function-OrderProcessor", "raw-orders"]
    assert [part for part in lit if part in alone] == alone
    told = page.inner_text("#way").splitlines()
    assert told[0] == "+0 ms"
    assert told[1].startswith("POST /checkout: 303 in ")
    steps = ["Placed: written", "OrderPlaced on the bus", "OrderProcessor wrote OrderPlaced"]
    assert [line for line in told if line in steps] == steps


@pytest.mark.parametrize("part", ["cache", "reader", "writer"])
def test_a_part_that_is_killed_shows_as_down_until_it_is_started_again(page: Page, part: str) -> None:
    page.select_option("#process", part)
    press(page, "Kill", f"The {part} is down")
    becomes(page, part, "down")
    press(page, "Start", f"The {part} is back")
    becomes(page, part, "")


def test_a_task_that_is_killed_comes_back_by_itself(page: Page) -> None:
    page.select_option("#process", "task-1")
    press(page, "Kill", "task-1 is killed")
    expect(page.locator("#troubles")).to_contain_text("task-1", timeout=PATIENCE_MILLISECONDS)
    becomes(page, "tasks", "")
    expect(page.locator("#targets .figure")).to_have_text("2 of 2 up", timeout=PATIENCE_MILLISECONDS)


def test_a_poison_message_is_failed_by_its_function(page: Page) -> None:
    page.select_option("#poison", "InventoryUpdateRule")
    press(page, "Send", "A broken InventoryReserved is on the bus")
    becomes(page, "function-InventoryHandler", "bad")
    expect(page.locator("#troubles")).to_contain_text("InventoryHandler 1 message", timeout=PATIENCE_MILLISECONDS)


def test_the_lake_is_asked_one_of_the_deployed_queries(page: Page) -> None:
    page.select_option("#query", "DailyRevenueQuery")
    page.get_by_role("button", name="Query", exact=True).click()
    expect(page.locator("#drawer-title")).to_have_text("DailyRevenue", timeout=PATIENCE_MILLISECONDS)
    expect(page.locator("#drawer-body")).to_contain_text("row")
