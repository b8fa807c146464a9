"""Stacked bars as an SVG that reads in light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape

COLOURS = ("#2f6fb3", "#8a5cc2", "#c2571a", "#277a4b", "#8a6508", "#c03a6b", "#47737f")
"""Of the stacks in their order; white reads on each of them."""

LEFT = 110
WIDTH = 760
SCALE = 560
BAR = 34
STEP = 54
TOP = 56
LEGEND = 26
LETTER = 7.2
"""How wide a letter of a label is at most."""

STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.in{fill:#fff;font-size:12px}"
    ".title{font-weight:600;font-size:15px}"
    ".ground{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.in{fill:#fff}.ground{fill:#0d1117}}"
)


def picture(bars: Mapping[str, Mapping[str, float]], title: str) -> str:
    """A bar for each of `bars`, of the dollars by stack that it holds."""
    stacks = list(next(iter(bars.values())))
    most = max(sum(bar.values()) for bar in bars.values())
    legend_top = TOP + STEP * len(bars) + 14
    height = legend_top + LEGEND * 2 + 8
    said = "; ".join(f"{name} {sum(bar.values()):,.0f}" for name, bar in bars.items())
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}: {escape(said)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="16" y="30">{escape(title)}</text>',
    ]
    for row, (name, bar) in enumerate(bars.items()):
        lines += _bar(name, [bar[stack] for stack in stacks], TOP + STEP * row, SCALE / most)
    for position, stack in enumerate(stacks):
        x, y = 16 + 180 * (position % 4), legend_top + LEGEND * (position // 4)
        lines.append(f'<rect x="{x}" y="{y}" width="14" height="14" rx="2" fill="{COLOURS[position]}"/>')
        lines.append(f'<text x="{x + 20}" y="{y + 12}">{escape(stack)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _bar(name: str, values: list[float], y: float, scale: float) -> Iterator[str]:
    middle = y + BAR / 2 + 4
    yield f'<text x="{LEFT - 12}" y="{middle:g}" text-anchor="end">{escape(name)}</text>'
    x = float(LEFT)
    for colour, value in zip(COLOURS, values, strict=True):
        wide, label = value * scale, f"{value:,.0f}"
        # A gap of one between neighbours; what is narrower than that has no place of its own.
        yield f'<rect x="{x:.1f}" y="{y}" width="{max(wide - 1, 0.5):.1f}" height="{BAR}" fill="{colour}"/>'
        if wide > len(label) * LETTER + 4:
            yield f'<text class="in" x="{x + wide / 2:.1f}" y="{middle:g}" text-anchor="middle">{label}</text>'
        x += wide
    yield f'<text x="{x + 8:.1f}" y="{middle:g}">{sum(values):,.0f}</text>'
