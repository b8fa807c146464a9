"""What a browser makes of the pictures: no text runs out of its box, and every text can be read on its ground."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.docs.test_pictures import NAMES, PICTURES

COLLISIONS = """() => {
  const box = (x, y, wide, high) => ({left: x, top: y, right: x + wide, bottom: y + high});
  const texts = [...document.querySelectorAll("text")].map(each => {
    const b = each.getBBox();
    return {text: each.textContent, ...box(b.x, b.y, b.width, b.height)};
  });
  const rects = [...document.querySelectorAll("rect")].map(each =>
    box(...["x", "y", "width", "height"].map(name => +each.getAttribute(name))));
  const found = [];
  texts.forEach((text, index) => {
    for (const other of texts.slice(index + 1))
      if (text.left < other.right - 1 && other.left < text.right - 1 &&
          text.top < other.bottom - 4 && other.top < text.bottom - 4)
        found.push(`${text.text} on ${other.text}`);
    const x = (text.left + text.right) / 2, y = (text.top + text.bottom) / 2;
    for (const rect of rects)
      if (x > rect.left && x < rect.right && y > rect.top && y < rect.bottom &&
          (text.left < rect.left || text.right > rect.right))
        found.push(`${text.text} out of its box`);
  });
  return found;
}"""

INK = "getComputedStyle(document.querySelector('.ink')).fill"


@pytest.mark.parametrize("name", NAMES)
def test_no_text_runs_out_of_its_box_or_into_another(chromium: Browser, name: str) -> None:
    page = chromium.new_page()
    page.goto((PICTURES / f"{name}.svg").as_uri())
    assert page.evaluate(COLLISIONS) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_dark_on_a_dark_screen_and_light_on_paper(chromium: Browser, name: str) -> None:
    page = chromium.new_page()
    page.emulate_media(media="screen", color_scheme="dark")
    page.goto((PICTURES / f"{name}.svg").as_uri())
    assert page.evaluate(INK) == "rgb(230, 237, 243)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(INK) == "rgb(27, 39, 51)"


def luminance(colour: str) -> float:
    """How bright a colour is, by WCAG."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_has_a_contrast_of_four_and_a_half_on_every_ground(dark: bool) -> None:
    style = (PICTURES / "flow.svg").read_text(encoding="utf-8").split("<style>")[1].split("</style>")[0]
    light, night = style.split("@media screen and (prefers-color-scheme:dark)")
    colours = dict(re.findall(r"[.]([\w-]+){fill:(#\w{6})", night if dark else light))
    for text in ("ink", "soft"):
        for ground in ("page", "stripe", "panel", "edge", "net", "compute", "store", "event", "stop"):
            brighter, darker = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
            assert (brighter + 0.05) / (darker + 0.05) >= 4.5, (text, ground)
