"""Wires between parties: each party a column, each wire a row with an arrow from one column to others.

Unlike a graph with free arrows it needs no search for a layout, nothing in it crosses a label, and one wire more is one
row more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retail.ops.docs.svg import Picture, width, wrapped

ROW = 22


@dataclass(frozen=True)
class Party:
    """A column."""

    name: str
    kind: str  # a fill of svg
    note: str = ""
    short: str = ""  # what says again, above each group of rows, whose column it is


@dataclass(frozen=True)
class Wire:
    """A row: an arrow from a party to one or more."""

    label: str
    start: str
    ends: tuple[str, ...]
    dashed: bool = False
    note: str = ""


def columns(left: int, wide: int, parties: Sequence[Party]) -> dict[str, int]:
    """The middle of each party's column."""
    step = wide // len(parties)
    return {party.name: left + step * index + step // 2 for index, party in enumerate(parties)}


def head(picture: Picture, y: int, left: int, wide: int, parties: Sequence[Party]) -> int:
    """The parties' boxes; gives where the rows may begin."""
    step = wide // len(parties)
    lines = [wrapped(party.name, step - 8, 11, bold=True) for party in parties]
    notes = [wrapped(party.note, step - 8, 11) if party.note else [] for party in parties]
    high = 12 + max(16 * len(name) + 14 * len(note) for name, note in zip(lines, notes, strict=True))
    for index, party in enumerate(parties):
        x = left + step * index
        picture.box(x + 2, y, step - 4, high, party.kind)
        for row, line in enumerate(lines[index]):
            picture.text(x + step // 2, y + 18 + 16 * row, line, size=11, bold=True, at="middle")
        for row, line in enumerate(notes[index]):
            below = y + 18 + 16 * len(lines[index]) + 14 * row
            picture.text(x + step // 2, below, line, kind="soft", size=11, at="middle")
    return y + high


def rows(
    picture: Picture, y: int, title: str, wires: Sequence[Wire], parties: Sequence[Party], middles: dict[str, int]
) -> int:
    """A titled group of wires; gives where the next may begin."""
    picture.text(16, y + 20, title, bold=True)
    for party in parties:
        if party.short:
            picture.box(middles[party.name] - 12, y + 8, 24, 16, "page")
            picture.text(middles[party.name], y + 20, party.short, kind="soft", size=11, at="middle")
    y += 28
    for index, wire in enumerate(wires):
        line = y + ROW * index + ROW // 2
        if index % 2 == 0:
            picture.box(10, y + ROW * index, picture.wide - 20, ROW, "stripe", under=True)
        picture.text(22, line + 4, wire.label, size=12)
        if wire.note:
            picture.text(28 + width(wire.label, 12), line + 4, wire.note, kind="soft", size=11)
        begin = middles[wire.start]
        for side in (-1, 1):
            ends = sorted((middles[end] for end in wire.ends if (middles[end] - begin) * side > 0), reverse=side < 0)
            for last, end in enumerate(ends):
                start = begin if last == 0 else ends[last - 1]
                picture.line([(start, line), (end, line)], dashed=wire.dashed)
        picture.dot(begin, line)
        if wire.start in wire.ends:
            picture.line([(begin, line), (begin + 22, line), (begin + 22, line + 8), (begin + 6, line + 8)])
    return y + ROW * len(wires)


def lanes(picture: Picture, top: int, bottom: int, middles: dict[str, int]) -> None:
    """The columns' lines, beneath the wires."""
    picture.under.extend(f'<line class="faint" x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"/>' for x in middles.values())
