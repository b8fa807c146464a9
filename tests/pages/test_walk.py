"""A shopper's whole way through the shop, in a real browser, on a phone and a desk, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Response, expect

from tests.pages.running import PASSWORD, STAFF, Running

WATCH = "addEventListener('securitypolicyviolation', e => console.error('refused by the policy: ' + e.blockedURI))"


@dataclass
class Walk:
    """A browser's window, and what went wrong in it."""

    page: Page
    host: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(f"http://{self.host}{path}")
        self.look()

    def look(self) -> None:
        """What must hold on every page."""
        expect(self.page.locator("main h1")).to_have_count(1)
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"too wide: {self.page.url}"

    def requested(self, address: str) -> None:
        if urlsplit(address).netloc != self.host:
            self.complaints.append(f"a request to {address}")

    def failed(self, request: Request) -> None:
        # Whoever clicks on does not wait for the pictures.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.url}: {request.failure}")

    def answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} for {response.url}")

    def said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


@pytest.fixture(params=[360, 1280], ids=["phone", "desk"])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def walk(chromium: Browser, shop: Running, width: int, scripts: bool) -> Iterator[Walk]:
    context = chromium.new_context(
        viewport={"width": width, "height": 780}, java_script_enabled=scripts, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    walk = Walk(page, urlsplit(shop.url).netloc)
    if scripts:
        page.add_init_script(WATCH)
    page.on("console", lambda message: walk.said(message.type, message.text))
    page.on("pageerror", lambda error: walk.complaints.append(str(error)))
    page.on("requestfailed", walk.failed)
    page.on("request", lambda request: walk.requested(request.url))
    page.on("response", walk.answered)
    yield walk
    context.close()


def test_a_shopper_browses_searches_orders_pays_and_sees_the_order_come_along(
    walk: Walk, shop: Running, tmp_path: Path
) -> None:
    page = walk.page

    walk.open("/")
    page.get_by_role("navigation", name="Categories").get_by_role("link", name="kitchen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("kitchen")
    walk.look()

    page.get_by_role("link", name="Hearth Mug").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hearth Mug")
    expect(page.get_by_role("heading", name="Goes well with this")).to_be_visible()
    walk.look()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart")

    page.get_by_label("Search the shop").fill("lantern")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("lantern")
    walk.look()
    page.get_by_role("link", name="Veranda Lantern").click()
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart")
    walk.look()
    expect(page.get_by_role("link", name="Cart")).to_contain_text("3")

    quantity = page.get_by_label("Quantity of Hearth Mug")
    quantity.fill("1")
    quantity.press("Enter")
    expect(page.get_by_role("complementary")).to_contain_text("$77.00")
    page.get_by_role("button", name="Remove Veranda Lantern").click()
    expect(page.get_by_role("complementary")).to_contain_text("$18.00")
    walk.look()

    page.get_by_role("link", name="Go to checkout").click()
    page.wait_for_url("**/checkout")
    walk.look()
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    page.get_by_label("Expires").fill("12/39")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Pay $18.00").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for your order")
    walk.look()
    order = page.url.rsplit("/", 1)[1]
    expect(page.locator(".steps [aria-current=step]")).to_contain_text("Paid")

    page.get_by_role("navigation", name="Your shop").get_by_role("link", name="Orders").click()
    expect(page.locator(".orders li")).to_have_count(1)
    walk.look()

    walk.open("/staff")
    page.get_by_label("User name").fill(STAFF)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    parcel = page.locator(".orders li").filter(has_text=order)
    expect(parcel).to_have_count(1)
    walk.look()
    parcel.get_by_label("Carrier").fill("Parcel Post")
    parcel.get_by_label("Tracking number").fill("PP-1234")
    parcel.get_by_role("button", name="Ship").click()
    expect(page.get_by_role("status")).to_contain_text(order)
    walk.look()

    walk.open(f"/orders/{order}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your order is on its way")
    expect(page.locator(".steps [aria-current=step]")).to_contain_text("PP-1234")
    page.screenshot(path=tmp_path / "shipped.png", full_page=True)
    assert walk.complaints == []


def test_everything_is_reached_by_the_keyboard_and_the_focus_is_seen(walk: Walk) -> None:
    page = walk.page
    walk.open("/products/KIT-101")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Add to cart":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/cart")
    expect(page.locator(".lines li")).to_have_count(1)


def test_a_changed_quantity_is_sent_at_once_where_there_are_scripts(walk: Walk, scripts: bool) -> None:
    page = walk.page
    walk.open("/products/KIT-101")
    page.get_by_role("button", name="Add to cart").click()
    # And loaded, scripts included.
    page.wait_for_url("**/cart")
    page.get_by_label("Quantity of Hearth Mug").fill("3")
    page.get_by_label("Quantity of Hearth Mug").blur()
    if not scripts:
        expect(page.get_by_role("complementary")).to_contain_text("$18.00")
        page.get_by_role("button", name="Update").click()
    expect(page.get_by_role("complementary")).to_contain_text("$54.00")


def test_two_clicks_on_pay_are_one_order(walk: Walk) -> None:
    page = walk.page
    walk.open("/products/KIT-102")
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="Go to checkout").click()
    page.get_by_label("Card number").fill("4242424242424242")
    page.get_by_label("Expires").fill("12/39")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Pay").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for your order")
    walk.open("/orders")
    expect(page.locator(".orders li")).to_have_count(1)
