"""The shop's pictures: flat illustrations as SVG, drawn from a product's motif, colour and SKU, the same every time.

A picture takes well under a millisecond and is asked for once per edge and day, so none is stored: the container's root
is read-only, and CloudFront keeps /images/* ("cutting origin load by roughly 80%").
"""

from __future__ import annotations

from functools import lru_cache
from random import Random
from xml.sax.saxutils import escape

from retail.storefront.seed.pictures import away, house, small
from retail.storefront.seed.pictures.pen import GROUND, Motif, Pen, circle, ellipse, mix, path, rect
from retail.storefront.seed.products import CATEGORIES, Product, products

MOTIFS: dict[str, Motif] = {**house.MOTIFS, **away.MOTIFS, **small.MOTIFS}
"""How to draw each motif, in a square of 480 units that stands on GROUND."""

TINTS = {
    "kitchen": "#f1dfcf",
    "table": "#e7e6d8",
    "lighting": "#f3e4c4",
    "textiles": "#eedcd6",
    "garden": "#dfe8d6",
    "desk": "#dfe5ea",
    "bath": "#dbe9e6",
    "travel": "#ece2d0",
    "play": "#f4e0cd",
    "pantry": "#eadfe0",
}
"""What stands behind a category's products."""

BANNERS = {
    "kitchen": ("KIT-101", "KIT-107", "KIT-122"),
    "table": ("TBL-118", "TBL-105", "TBL-122"),
    "lighting": ("LGT-101", "LGT-107", "LGT-120"),
    "textiles": ("TEX-101", "TEX-107", "TEX-104"),
    "garden": ("GRD-101", "GRD-107", "GRD-103"),
    "desk": ("DSK-107", "DSK-120", "DSK-111"),
    "bath": ("BTH-105", "BTH-116", "BTH-119"),
    "travel": ("TRV-101", "TRV-105", "TRV-116"),
    "play": ("PLY-101", "PLY-106", "PLY-116"),
    "pantry": ("PAN-102", "PAN-106", "PAN-110"),
}
"""The three products that a category's banner shows."""


@lru_cache(maxsize=512)
def product_picture(sku: str) -> str | None:
    """The picture of a product as an SVG document; None for a SKU that is not of the seed."""
    product = products().get(sku)
    if product is None:
        return None
    tint = TINTS[product.category]
    random = Random(sku)
    backdrop = (
        rect(0, 0, 480, 480, tint)
        + circle(
            240 + random.randint(-60, 60), random.randint(170, 215), random.randint(128, 164), mix(tint, "#fff", 0.42)
        )
        + rect(0, GROUND - 22, 480, 502 - GROUND, mix(tint, "#6b4f3a", 0.1))
    )
    return _document(480, 480, product.name, backdrop + _drawn(product, "p"))


@lru_cache(maxsize=len(CATEGORIES))
def category_banner(category: str) -> str | None:
    """The banner of a category, three times as wide as it is high; None for a category that is not of the seed."""
    if category not in CATEGORIES:
        return None
    tint = TINTS[category]
    parts = [
        rect(0, 0, 1440, 480, tint),
        circle(1010, 210, 240, mix(tint, "#fff", 0.42)),
        path("M0 480V372C240 320 420 400 720 372S1200 330 1440 366V480Z", mix(tint, "#6b4f3a", 0.1)),
    ]
    for place, (sku, x, scale) in enumerate(zip(BANNERS[category], (600, 810, 1070), (0.78, 1.0, 0.72), strict=True)):
        y = 424 - GROUND * scale
        parts.append(f'<g transform="translate({x} {y:.1f}) scale({scale})">{_drawn(products()[sku], f"b{place}")}</g>')
    return _document(1440, 480, category.capitalize(), "".join(parts))


def _drawn(product: Product, prefix: str) -> str:
    pen = Pen(product.colour, Random(product.sku), prefix)
    shadow = ellipse(240, GROUND, 150, 13, mix(TINTS[product.category], "#4a3527", 0.28))
    return shadow + MOTIFS[product.motif](pen)


def _document(width: int, height: int, title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img"><title>{escape(title)}</title>{body}</svg>\n'
    )
