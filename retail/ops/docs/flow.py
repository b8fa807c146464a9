"""The picture of a request through the narrative's eight steps, and of what happens after the customer's answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from retail.ops.docs import bands, events_bands
from retail.ops.docs.bands import LEFT, WIDE
from retail.ops.docs.facts import Templates
from retail.ops.docs.svg import Picture

Band = Callable[[Picture, int, Templates], int]

BANDS: tuple[tuple[str, str, Band], ...] = (
    ("1", "The browser asks DNS", bands.browser),
    ("2", "Perimeter: the web ACL at the edge", bands.perimeter),
    ("3", "CDN: a behaviour for each path, then the origin", bands.edge),
    ("4", "Load balancer", bands.balancer),
    ("5", "Application", bands.application),
    ("6", "Data: the customer has their answer when it is written", bands.data),
    ("7", "Events: after the answer", events_bands.bus),
    ("8", "Analytics", events_bands.analytics),
    ("!", "What operators are told", events_bands.operators),
)


def picture(templates: Templates) -> str:
    """One band for each step, and one for the operators."""
    drawn = Picture(
        WIDE,
        "The way of a request, and of its events",
        "From the browser through the web ACL, CloudFront and the load balancer to the tasks and the data; then from "
        "the bus by rules and queues to the functions, and by the lake to the analysts. Logical ids as in the "
        "templates; what comes after the bus happens when the customer has their answer already.",
    )
    y = 12
    marks = []
    for mark, title, band in BANDS:
        top = y
        drawn.text(LEFT + 14, y + 23, title, size=14, bold=True)
        y = band(drawn, y + 34, templates) + 14
        drawn.box(LEFT, top, WIDE - LEFT - 10, y - top, "panel", under=True)
        marks.append((mark, top + 18))
        y += 14
    for (_, start), (_, end) in itertools.pairwise(marks):
        drawn.line([(32, start + 16), (32, end - 17)])
    for mark, middle in marks:
        drawn.box(16, middle - 16, 32, 32, "net")
        drawn.text(32, middle + 5, mark, bold=True, at="middle")
    return drawn.done(y)
