"""Cards in a row: a title, some lines, and an arrow to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retail.ops.docs.svg import Picture, wrapped

GAP = 22
TITLE, LINE = 17, 15


@dataclass(frozen=True)
class Card:
    """A part of the platform."""

    title: str
    lines: tuple[str, ...] = ()
    kind: str = "net"  # a fill of svg
    optional: bool = False


def _set(card: Card, wide: int) -> tuple[list[str], list[str]]:
    inner = wide - 18
    lines = [part for line in card.lines if line for part in wrapped(line, inner, 11)]
    return wrapped(card.title, inner, 13, bold=True), lines


def height(card: Card, wide: int) -> int:
    """How high a card of a width is."""
    titles, lines = _set(card, wide)
    return 14 + TITLE * len(titles) + LINE * len(lines)


def draw(picture: Picture, x: int, y: int, wide: int, high: int, card: Card) -> None:
    """One card."""
    picture.box(x, y, wide, high, card.kind, optional=card.optional)
    titles, lines = _set(card, wide)
    for row, title in enumerate(titles):
        picture.text(x + 9, y + 19 + TITLE * row, title, bold=True)
    for row, line in enumerate(lines):
        picture.text(x + 9, y + 17 + TITLE * len(titles) + LINE * row, line, kind="soft", size=11)


def across(picture: Picture, x: int, y: int, wide: int, cards: Sequence[Card], *, arrows: bool) -> int:
    """A row of cards of one width; gives where it ends."""
    each = (wide - GAP * (len(cards) - 1)) // len(cards)
    high = max(height(card, each) for card in cards)
    for index, card in enumerate(cards):
        left = x + (each + GAP) * index
        draw(picture, left, y, each, high, card)
        if arrows and index:
            picture.line([(left - GAP, y + high // 2), (left - 1, y + high // 2)])
    return y + high


def grid(picture: Picture, x: int, y: int, wide: int, cards: Sequence[Card], most: int) -> int:
    """Cards in rows of at most so many, all of one width; gives where they end."""
    per = min(most, len(cards))
    each = (wide - GAP * (per - 1)) // per
    for start in range(0, len(cards), per):
        line = cards[start : start + per]
        high = max(height(card, each) for card in line)
        for index, card in enumerate(line):
            draw(picture, x + (each + GAP) * index, y, each, high, card)
        y += high + 10
    return y - 10
