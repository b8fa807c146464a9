"""What every picture is drawn with: colours, plain SVG shapes, and bodies with a shaded side and a pattern.

Only presentation attributes are written, no styles: a strict content security policy has nothing to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

GROUND = 396
"""The height on which things stand, from the top."""

COLOURS = {
    "brass": "#c39a4b",
    "charcoal": "#474a4f",
    "clay": "#c4704f",
    "cream": "#f2e6d0",
    "ink": "#34507a",
    "linen": "#d9c7a8",
    "moss": "#66753f",
    "oak": "#c69a67",
    "ochre": "#dfa53c",
    "plum": "#7c4a68",
    "rose": "#d99a94",
    "sage": "#94a887",
    "sky": "#8fb6c9",
    "walnut": "#7d5539",
}

WOOD = "#c69a67"
WOOD_DARK = "#8a5f3c"
PAPER = "#fbf5ea"
STEEL = "#aab0b3"
STEEL_DARK = "#6d7478"
LEAF = "#5f8257"
LEAF_DARK = "#41633f"
LEAF_LIGHT = "#7ba06b"

PATTERNS = ("plain", "plain", "stripes", "dots", "band", "speckle")


def mix(colour: str, other: str, share: float) -> str:
    """A colour with a share (0 to 1) of another in it."""
    mixed = (round(a + (b - a) * share) for a, b in zip(_rgb(colour), _rgb(other), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _rgb(colour: str) -> tuple[int, ...]:
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return tuple(int(digits[start : start + 2], 16) for start in (0, 2, 4))


def rect(x: float, y: float, width: float, height: float, fill: str, radius: float = 0) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" fill="{fill}"/>'


def circle(x: float, y: float, radius: float, fill: str) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}"/>'


def ellipse(x: float, y: float, rx: float, ry: float, fill: str) -> str:
    return f'<ellipse cx="{x:g}" cy="{y:g}" rx="{rx:g}" ry="{ry:g}" fill="{fill}"/>'


def path(d: str, fill: str) -> str:
    return f'<path d="{d}" fill="{fill}"/>'


def line(d: str, stroke: str, width: float) -> str:
    """A stroke along a path, with round ends."""
    return (
        f'<path d="{d}" fill="none" stroke="{stroke}" stroke-width="{width:g}" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def turned_by(degrees: float, x: float, y: float, body: str) -> str:
    """A drawing turned about a point."""
    return f'<g transform="rotate({degrees:g} {x:g} {y:g})">{body}</g>'


def box(x: float, y: float, width: float, height: float, radius: float = 0) -> str:
    """The outline of a box, for a body."""
    r, right, bottom = radius, x + width, y + height
    return (
        f"M{x + r:g} {y:g}H{right - r:g}Q{right:g} {y:g} {right:g} {y + r:g}V{bottom - r:g}"
        f"Q{right:g} {bottom:g} {right - r:g} {bottom:g}H{x + r:g}Q{x:g} {bottom:g} {x:g} {bottom - r:g}"
        f"V{y + r:g}Q{x:g} {y:g} {x + r:g} {y:g}Z"
    )


def disc(x: float, y: float, rx: float, ry: float) -> str:
    """The outline of an ellipse, for a body."""
    return f"M{x - rx:g} {y:g}A{rx:g} {ry:g} 0 1 1 {x + rx:g} {y:g}A{rx:g} {ry:g} 0 1 1 {x - rx:g} {y:g}Z"


def turned(profile: Sequence[tuple[float, float]], x: float = 240) -> str:
    """The outline of something turned on a lathe: (half width, height) from top to bottom, flowing into each other."""
    (first, top), *_ = profile
    right, left = [f"M{x - first:g} {top:g}H{x + first:g}"], []
    for (a, y0), (b, y1) in pairwise(profile):
        middle = (y0 + y1) / 2
        right.append(f"C{x + a:g} {middle:g} {x + b:g} {middle:g} {x + b:g} {y1:g}")
        left.append(f"C{x - b:g} {middle:g} {x - a:g} {middle:g} {x - a:g} {y0:g}")
    return "".join([*right, f"H{x - profile[-1][0]:g}", *reversed(left), "Z"])


class Pen:
    """Draws one thing in one colour; the same random numbers give the same thing."""

    def __init__(self, colour: str, random: Random, prefix: str) -> None:
        self.base = COLOURS[colour]
        self.dark = mix(self.base, "#3a2418", 0.3)
        self.light = mix(self.base, "#fffaf0", 0.5)
        self.random = random
        self._prefix = prefix
        self._bodies = 0

    def some(self, least: int, most: int) -> int:
        """A whole number from least to most."""
        return self.random.randint(least, most)

    def one_of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def pattern(self) -> str:
        """One of the patterns, plain as often as not."""
        return self.random.choice(PATTERNS)

    def body(self, outline: str, fill: str = "", pattern: str = "plain", shade_from: float = 268) -> str:
        """A shape with its pattern, in the shade to the right of ``shade_from``; both end at its outline."""
        self._bodies += 1
        name = f"{self._prefix}{self._bodies}"
        fill = fill or self.base
        shade = f'<rect x="{shade_from:g}" width="480" height="480" fill="#2a1608" opacity=".11"/>'
        return (
            f'<clipPath id="{name}"><path d="{outline}"/></clipPath><g clip-path="url(#{name})">'
            f"{path(outline, fill)}{self._pattern(pattern, fill)}{shade}</g>"
        )

    def _pattern(self, pattern: str, fill: str) -> str:
        ink = mix(fill, "#fffaf0", 0.55) if fill not in (COLOURS["cream"], PAPER) else mix(fill, "#8a5f3c", 0.35)
        match pattern:
            case "stripes":
                step = self.some(26, 44)
                return "".join(rect(0, y, 480, step * 0.34, ink) for y in range(60 + self.some(0, 20), 420, step))
            case "uprights":
                step = self.some(26, 40)
                return "".join(rect(x, 0, step * 0.36, 480, ink) for x in range(40 + self.some(0, 20), 460, step))
            case "dots":
                step = self.some(30, 40)
                return "".join(
                    circle(x + (step / 2 if row % 2 else 0), y, step * 0.13, ink)
                    for row, y in enumerate(range(60, 420, step // 2 + 6))
                    for x in range(40, 460, step)
                )
            case "band":
                top = self.some(268, 310)
                return rect(0, top, 480, self.some(16, 34), ink) + rect(0, top - 14, 480, 5, ink)
            case "speckle":
                return "".join(
                    circle(
                        self.some(60, 420),
                        self.some(80, 400),
                        self.random.choice((1.6, 2.2, 3)),
                        mix(fill, "#3a2418", 0.4),
                    )
                    for _ in range(130)
                )
            case "check":
                lines = "".join(rect(0, y, 480, 14, ink) for y in range(70, 420, 48))
                return f'<g opacity=".6">{lines}{"".join(rect(x, 0, 14, 480, ink) for x in range(50, 460, 48))}</g>'
            case "chevrons":
                zigzag = "".join(f"L{x} {18 if place % 2 else 0}" for place, x in enumerate(range(30, 480, 18)))
                return "".join(
                    f'<g transform="translate(0 {y})">{line(f"M12 18{zigzag}", ink, 6)}</g>' for y in range(70, 420, 34)
                )
        return ""


Motif = Callable[[Pen], str]
