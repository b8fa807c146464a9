"""A picture as SVG: boxes, text and arrows by whole numbers, the same bytes each time.

Colours are classes that a media query changes for dark screens; a printer gets the light ones. No variables and no
markers: not every program that shows SVG knows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

Point = tuple[int, int]

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif"

TEXT = {"ink": ("#1b2733", "#e6edf3"), "soft": ("#52606d", "#a3b1bf")}
"""Colours of text, light and dark: 4.5 to 1 and better on every fill below."""

LINES = {"wire": ("#3c4f63", "#9fb2c5"), "faint": ("#c9d1d9", "#3a4653"), "alarm": ("#b3392f", "#ff8a7d")}

FILLS = {
    "page": ("#ffffff", "#0d1117", "none", "none"),
    "stripe": ("#f5f7f9", "#151c24", "none", "none"),
    "panel": ("#f5f7f9", "#151c24", "#d5dbe1", "#303b46"),
    "edge": ("#efe9fb", "#2a2140", "#7b5fc0", "#a58be8"),
    "net": ("#e7eef6", "#1b2836", "#5d7fa5", "#86a7cc"),
    "compute": ("#fdeedd", "#3a2814", "#bf7421", "#e5a25a"),
    "store": ("#e2f3e8", "#16301f", "#3d8a58", "#6cc08a"),
    "event": ("#fbe7f1", "#3a1a2b", "#b54a82", "#e68bb7"),
    "stop": ("#fde8e6", "#3d1a17", "#b3392f", "#ff8a7d"),
}
"""Fill light and dark, border light and dark."""

WIDE, NARROW = "mwMW@%", "iljtfrI.,:;'|!()[]/ "


def css() -> str:
    """The classes in light colours, and in dark ones for dark screens."""

    def rules(dark: int) -> str:
        texts = [f".{name}{{fill:{colours[dark]}}}" for name, colours in TEXT.items()]
        lines = [
            f".{name}{{stroke:{colours[dark]}}}.{name}-head{{fill:{colours[dark]}}}" for name, colours in LINES.items()
        ]
        fills = [f".{name}{{fill:{each[dark]};stroke:{each[2 + dark]}}}" for name, each in FILLS.items()]
        return "".join([*texts, *lines, *fills])

    return f"text{{font-family:{FONT}}}{rules(0)}@media screen and (prefers-color-scheme:dark){{{rules(1)}}}"


def width(text: str, size: int = 13, bold: bool = False) -> int:
    """How wide a text is at most in any of the fonts, in the picture's units."""
    ems = sum(0.92 if c in WIDE else 0.36 if c in NARROW else 0.72 if c.isupper() else 0.6 for c in text)
    return int(ems * size * (1.08 if bold else 1.0)) + 1


def wrapped(text: str, limit: int, size: int = 13, *, bold: bool = False) -> list[str]:
    """A text in lines no wider than `limit`, broken at spaces, and within words where a capital begins another."""
    lines = [""]
    for piece in _pieces(text):
        if lines[-1] and width(lines[-1] + piece.rstrip(), size, bold) > limit:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines]


def _pieces(text: str) -> list[str]:
    pieces = [""]
    for before, here in zip(" " + text, text, strict=False):
        if before == " " or (here.isupper() and before.islower()) or before in ",/":
            pieces.append("")
        pieces[-1] += here
    return [piece for piece in pieces if piece]


class Picture:
    """A picture that grows downwards; `done` gives its source."""

    def __init__(self, wide: int, title: str, description: str) -> None:
        self.wide = wide
        self.title = title
        self.description = description
        self.under: list[str] = []
        self.parts: list[str] = []

    def text(
        self, x: int, y: int, text: str, *, kind: str = "ink", size: int = 13, bold: bool = False, at: str = "start"
    ) -> None:
        """A line of text; `y` is its base line, `at` what `x` is of it: start, middle or end."""
        weight = ' font-weight="600"' if bold else ""
        anchor = "" if at == "start" else f' text-anchor="{at}"'
        self.parts.append(
            f'<text class="{kind}" x="{x}" y="{y}" font-size="{size}"{weight}{anchor}>{escape(text)}</text>'
        )

    def box(
        self, x: int, y: int, wide: int, high: int, kind: str, *, optional: bool = False, under: bool = False
    ) -> None:
        """A rectangle; dashed where a parameter decides whether it is there, `under` beneath all else."""
        dashes = ' stroke-dasharray="5 4"' if optional else ""
        (self.under if under else self.parts).append(
            f'<rect class="{kind}" x="{x}" y="{y}" width="{wide}" height="{high}" rx="6"{dashes}/>'
        )

    def dot(self, x: int, y: int, kind: str = "wire") -> None:
        """Where a wire begins."""
        self.parts.append(f'<circle class="{kind}-head" cx="{x}" cy="{y}" r="5"/>')

    def line(self, points: Iterable[Point], kind: str = "wire", *, arrow: bool = True, dashed: bool = False) -> None:
        """A line through points, with a head at its end."""
        way = list(points)
        dashes = ' stroke-dasharray="6 4"' if dashed else ""
        path = " ".join(f"{x},{y}" for x, y in way)
        self.parts.append(f'<polyline class="{kind}" fill="none" stroke-width="1.5"{dashes} points="{path}"/>')
        if arrow:
            (fx, fy), (x, y) = way[-2:]
            dx, dy = (x > fx) - (x < fx), (y > fy) - (y < fy)
            head = [(x, y), (x - 8 * dx + 4 * dy, y - 8 * dy + 4 * dx), (x - 8 * dx - 4 * dy, y - 8 * dy - 4 * dx)]
            self.parts.append(f'<polygon class="{kind}-head" points="{" ".join(f"{a},{b}" for a, b in head)}"/>')

    def done(self, high: int) -> str:
        """The source of the picture, cut at a height."""
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.wide} {high}" width="{self.wide}" '
                f'height="{high}" role="img" aria-labelledby="title description">',
                f'<title id="title">{escape(self.title)}</title>',
                f'<desc id="description">{escape(self.description)}</desc>',
                f"<style>{css()}</style>",
                f'<rect class="page" width="{self.wide}" height="{high}"/>',
                *self.under,
                *self.parts,
                "</svg>\n",
            ]
        )
