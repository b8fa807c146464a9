"""What the page shows of a platform, in a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from tests.watch.recorded import PATIENCE_SECONDS, QUIET, Recorded, ordered, poisoned

Opened = Callable[..., Page]

ORDER_OF_THE_WAY = [
    "browser",
    "waf",
    "behaviour-3",
    "listener",
    "targets",
    "tasks",
    "writer",
    "relay",
    "bus",
    "rule-OrderProcessingRule",
    "queue-OrderProcessingQueue",
    "function-OrderProcessor",
    "raw-orders",
]


def play(page: Page, recorded: Recorded) -> None:
    """Let an order be placed, and wait until the page has shown the whole of its way."""
    recorded.shown = ordered()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not {"topic", "raw-orders", "raw-inventory"} <= set(page.evaluate("lit")):
        assert time.monotonic() < deadline, page.evaluate("lit")
        page.wait_for_timeout(50)


def test_a_placed_order_lights_its_boxes_in_the_order_of_its_way(look: Opened, recorded: Recorded) -> None:
    page = look()
    play(page, recorded)
    lit = list(dict.fromkeys(page.evaluate("lit")))
    assert [part for part in lit if part in ORDER_OF_THE_WAY] == ORDER_OF_THE_WAY
    assert "raw-products" not in lit
    assert "dead-OrderProcessingQueue" not in lit


@pytest.mark.slow
def test_an_orders_events_are_told_with_the_milliseconds_since_the_click(look: Opened, recorded: Recorded) -> None:
    page = look()
    play(page, recorded)
    assert page.inner_text("#way").splitlines() == [
        "+0 ms", "POST /checkout: 303 in 44 ms",
        "+21 ms", "Placed: written",
        "+47 ms", "OrderPlaced on the bus",
        "+48 ms", "InventoryReserved on the bus",
        "+1210 ms", "OrderProcessor wrote OrderPlaced",
        "+1260 ms", "OrderPlaced in the lake",
        "+1305 ms", "InventoryHandler wrote InventoryReserved",
        "+1340 ms", "InventoryReserved in the lake",
        "≈ 2 s", "Customer told of OrderPlaced",
    ]  # fmt: skip
    expect(page.locator("#writer .stamp")).to_have_text("+21 ms")
    expect(page.locator("#order-facts")).to_have_text("3f6c2a91, 84.50 USD, placed")


def test_what_happened_before_somebody_looked_is_told_and_lights_nothing(look: Opened, recorded: Recorded) -> None:
    recorded.shown = ordered()
    page = look()
    expect(page.locator("#way li")).to_have_count(9)
    recorded.looked.clear()
    assert recorded.looked.wait(PATIENCE_SECONDS)
    assert page.evaluate("lit") == []


def test_a_dead_letter_shows_red_with_its_count(look: Opened, recorded: Recorded) -> None:
    page = look()
    recorded.shown = poisoned(QUIET)
    box = page.locator("#dead-OrderProcessingQueue")
    expect(box).to_have_attribute("data-tone", "bad")
    expect(box.locator(".figure")).to_have_text("1")
    expect(page.locator("#total-dead")).to_have_text("1")
    red, green, blue = page.evaluate(
        "getComputedStyle(document.querySelector('#dead-OrderProcessingQueue .figure')).color.match(/\\d+/g)"
    )
    assert int(red) > 2 * max(int(green), int(blue))
    expect(page.locator("#troubles")).to_contain_text("OrderProcessingDeadLetters 1 more")
    expect(page.locator("#troubles")).to_contain_text("OrderProcessor 1 message in 12 ms, 1 failed")


def test_a_box_lists_its_resources_as_deployed_and_then_the_rest_of_its_stack(look: Opened) -> None:
    page = look()
    page.click("#queue-OrderProcessingQueue")
    drawer = page.locator("#drawer")
    expect(drawer.locator("#drawer-title")).to_have_text("Order processing: Queue")
    own, rest = drawer.locator("table").all()
    assert own.locator("tbody td").all_inner_texts() == [
        "OrderProcessingQueue", "SQS::Queue", "http://127.0.0.1/order-queue", "CREATE_COMPLETE",
    ]  # fmt: skip
    assert rest.locator("tbody td").all_inner_texts() == [
        "OrderProcessor", "Lambda::Function", "retail-dev-OrderProcessor", "UPDATE_COMPLETE",
    ]  # fmt: skip
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_a_box_that_is_only_recorded_says_so_and_why(look: Opened) -> None:
    page = look()
    page.click("#accelerator")
    expect(page.locator("#drawer tbody td").last).to_have_text("recorded only")
    expect(page.locator("#drawer")).to_contain_text("MiniStack has no such service.")


def test_the_accelerator_stands_between_cloudfront_and_the_load_balancers_listener(look: Opened) -> None:
    boxes = look().locator(".part").evaluate_all("boxes => boxes.map((each) => each.id)")
    between = boxes[boxes.index("behaviour-3") : boxes.index("listener") + 1]
    assert between == ["behaviour-3", "accelerator", "listener"]


@pytest.mark.slow
def test_what_stands_below_all_steps_opens_its_stack(look: Opened) -> None:
    page = look()
    page.get_by_role("button", name="Resources of stack security").click()
    expect(page.locator("#drawer")).to_contain_text("KMS::Key")


def test_a_button_acts_and_says_what_came_of_it(look: Opened, recorded: Recorded) -> None:
    page = look()
    page.select_option("#poison", "CustomerNotificationRule")
    page.click("form[data-action=poison] button")
    expect(page.locator("#outcome")).to_have_text("poison: CustomerNotificationRule.")
    page.select_option("#process", "writer")
    page.get_by_role("button", name="Kill").click()
    expect(page.locator("#outcome")).to_have_text("stop: writer.")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#outcome")).to_have_text("start: writer.")
    assert recorded.pressed == [("poison", "CustomerNotificationRule"), ("stop", "writer"), ("start", "writer")]


def test_a_button_that_fails_says_so_in_red(look: Opened) -> None:
    page = look()
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#outcome.bad")).to_have_text("There is no job in the artifacts bucket.")


def test_a_query_shows_its_rows(look: Opened, recorded: Recorded) -> None:
    page = look()
    page.select_option("#query", "DailyRevenueQuery")
    page.get_by_role("button", name="Query").click()
    expect(page.locator("#drawer th")).to_have_text(["sku", "pieces"])
    expect(page.locator("#drawer td")).to_have_text(["KIT-101", "7", "GAR-204", "3"])
    assert recorded.pressed == [("query", "DailyRevenueQuery")]


@pytest.mark.slow
def test_everything_can_be_done_by_keyboard(look: Opened) -> None:
    page = look()
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    boxes = page.evaluate("[...document.querySelectorAll('.part, select')].map((each) => each.id)")
    assert len(boxes) > 30
    assert set(boxes) <= reached
    assert {"Send", "Kill", "Start", "Query", "Run now", "Open the shop", "Skip to the picture"} <= reached
    page.focus("#cache")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_be_visible()


def test_every_control_has_a_name_and_every_id_is_there_once(look: Opened) -> None:
    page = look()
    assert (
        page.evaluate("""[...document.querySelectorAll("button, a, select, dialog, section, aside")].filter((each) =>
        !each.textContent.trim() && !each.ariaLabel && !each.labels?.length).map((each) => each.outerHTML)""")
        == []
    )
    assert page.evaluate("[...document.querySelectorAll('select')].filter((each) => !each.labels.length).length") == 0
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))
    named = "[aria-labelledby], label[for]"
    assert (
        page.evaluate(f"""[...document.querySelectorAll("{named}")].filter((each) =>
        !document.getElementById(each.getAttribute("aria-labelledby") || each.htmlFor)).length""")
        == 0
    )
    assert page.locator("h1").count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(look: Opened, recorded: Recorded, scheme: str) -> None:
    page = look(color_scheme=scheme, reduced_motion="reduce")
    play(page, recorded)
    recorded.shown = poisoned(ordered())
    expect(page.locator("#dead-OrderProcessingQueue")).to_have_attribute("data-tone", "bad")
    checked, faint = page.evaluate(CONTRAST)
    assert checked > 80
    assert faint == []


CONTRAST = """(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const behind = (each) => {
    for (; each; each = each.parentElement) {
      const color = numbers(getComputedStyle(each).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
  };
  const light = (color) => {
    const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = color.slice(0, 3).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  let checked = 0;
  for (const each of document.querySelectorAll("body *")) {
    const text = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!text || !each.checkVisibility() || each.closest("svg, script")) continue;
    checked++;
    const [a, b] = [light(numbers(getComputedStyle(each).color)), light(behind(each))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${each.textContent.trim()} ${ratio.toFixed(2)}`);
  }
  return [checked, faint];
})()"""
"""The contrast of every text with the background behind it: what is below WCAG's AA, 4.5 to 1."""


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (3840, 2160)])
def test_the_whole_picture_fits_a_screen(look: Opened, size: tuple[int, int]) -> None:
    width, height = size
    page = look(viewport={"width": width, "height": height})
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        width,
        height,
    ]
    assert (
        page.evaluate("""[...document.querySelectorAll(".label, .figure, .step h2")].filter((each) =>
        each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent)""")
        == []
    )


def test_on_a_phone_it_is_a_list_from_top_to_bottom(look: Opened) -> None:
    page = look(viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator(".wires")).to_be_hidden()
    tops = page.evaluate("[...document.querySelectorAll('.step')].map((each) => each.getBoundingClientRect().top)")
    assert len(tops) == 8
    assert tops == sorted(tops)


@pytest.mark.slow
def test_whoever_wants_no_motion_sees_boxes_light_up_and_nothing_move(look: Opened, recorded: Recorded) -> None:
    page = look(reduced_motion="reduce")
    page.evaluate("""(() => {
      window.moved = 0;
      const dots = (change) => [...change.addedNodes].filter((each) => each.nodeName === "circle");
      new MutationObserver((changes) => { moved += changes.flatMap(dots).length; })
        .observe(document.querySelector(".wires"), { childList: true });
    })()""")
    play(page, recorded)
    assert page.evaluate("moved") == 0
    assert page.evaluate("getComputedStyle(document.querySelector('.part')).transitionDuration") == "0s"


def test_a_part_that_is_down_says_so(look: Opened, recorded: Recorded) -> None:
    page = look()
    data = replace(QUIET.data, cache=None, silent={"cache": "Connection refused."})
    recorded.shown = replace(QUIET, data=data)
    expect(page.locator("#cache")).to_have_attribute("data-tone", "down")
    expect(page.locator("#cache .note")).to_have_text("Connection refused.")
    expect(page.locator("#troubles")).to_contain_text("cache does not answer: Connection refused.")
