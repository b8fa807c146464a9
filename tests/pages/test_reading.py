"""Whether everybody can read and use the pages: contrast, names, landmarks, targets; measured in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.running import Running

ENOUGH = 4.5
"""Contrast of text to its background: WCAG 2.2, 1.4.3."""

TARGET = 24
"""Least size of what is touched, in pixels: WCAG 2.2, 2.5.8. The shop's buttons have 44 and more."""

PATHS = ("/", "/products?category=table", "/products?q=wool", "/products?q=zzz", "/products/LGT-101", "/cart",
         "/checkout", "/orders", "/staff", "/nowhere")  # fmt: skip

CONTRASTS = """() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || element.closest("[disabled], script")) continue;
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(behind(element))];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), text]);
  }
  return found;
}"""

NAMELESS = """() => [
  ...[...document.querySelectorAll("input:not([type=hidden])")].filter(each => !each.labels.length),
  ...[...document.querySelectorAll("a, button")].filter(each => !each.textContent.trim() && !each.ariaHidden),
  ...[...document.querySelectorAll("img")].filter(each => !each.hasAttribute("alt")),
  ...[...document.querySelectorAll("[aria-describedby], [aria-labelledby]")].filter(each =>
    `${each.getAttribute("aria-describedby") || ""} ${each.getAttribute("aria-labelledby") || ""}`
      .trim().split(/\\s+/).some(id => !document.getElementById(id))),
].map(each => each.outerHTML)"""

SMALL = f"""() => [...document.querySelectorAll("a, button, input:not([type=hidden])")]
  .filter(each => each.checkVisibility() && !each.closest("p, .skip, .note, time"))
  .map(each => [each.getBoundingClientRect(), each.outerHTML])
  .filter(([box]) => box.height < {TARGET} || box.width < {TARGET}).map(([_, html]) => html)"""


@pytest.fixture(scope="module", params=[360, 1280], ids=["phone", "desk"])
def page(chromium: Browser, shop: Running, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Somebody with something in the cart."""
    context = chromium.new_context(viewport={"width": request.param, "height": 780}, base_url=shop.url)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto("/products/TBL-101")
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart")
    yield page
    context.close()


def measured(page: Page, path: str, script: str) -> Any:
    page.goto(path)
    return page.evaluate(script)


@pytest.mark.parametrize("path", PATHS)
def test_text_stands_out_from_what_is_behind_it(page: Page, path: str) -> None:
    contrasts = measured(page, path, CONTRASTS)
    assert len(contrasts) > 10
    assert [(round(ratio, 2), text) for ratio, text in contrasts if ratio < ENOUGH] == []


@pytest.mark.parametrize("path", PATHS)
def test_fields_links_and_pictures_have_names_and_what_they_refer_to_is_there(page: Page, path: str) -> None:
    assert measured(page, path, NAMELESS) == []


@pytest.mark.parametrize("path", PATHS)
def test_what_is_touched_is_large_enough_for_a_finger(page: Page, path: str) -> None:
    assert measured(page, path, SMALL) == []


@pytest.mark.parametrize("path", [*PATHS, f"/products?q={'z' * 60}"])
def test_nothing_is_wider_than_the_narrowest_screen(page: Page, path: str) -> None:
    size = page.viewport_size
    assert size
    page.set_viewport_size({"width": 320, "height": 780})
    try:
        assert measured(page, path, "() => document.documentElement.scrollWidth") == 320
    finally:
        page.set_viewport_size(size)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_its_landmarks_one_heading_and_a_language(page: Page, path: str) -> None:
    page.goto(path)
    for landmark in ("banner", "main", "contentinfo", "search"):
        assert page.get_by_role(landmark).count() == 1, landmark
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(each => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_what_is_wrong_with_a_form_is_said_at_its_top_and_tied_to_each_field(page: Page) -> None:
    page.goto("/checkout")
    page.get_by_label("Card number").fill("4242 4242 4242 4243")
    page.get_by_label("Expires").fill("13/39")
    page.get_by_label("Security code").fill("12")
    page.get_by_role("button", name="Pay").click()
    page.wait_for_selector("[role=alert]")
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(3)
    for field in ("number", "expiry", "code"):
        control = page.locator(f"#{field}")
        described = (control.get_attribute("aria-describedby") or "").split()
        assert control.get_attribute("aria-invalid") == "true"
        assert f"{field}-error" in described
        assert page.locator(f"#{field}-error").inner_text()
        assert page.get_by_role("alert").locator(f"a[href='#{field}']").count() == 1
    assert page.get_by_label("Card number").input_value() == "", "a card's number does not come back"
