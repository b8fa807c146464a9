"""What the shop begins with, read from products.csv beside this module."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

CURRENCY = "USD"

CATEGORIES = {
    "kitchen": "Tools that earn their place on the hook",
    "table": "Stoneware and glass for every day, and for Sundays",
    "lighting": "Warm light, put where it is needed",
    "textiles": "Linen, wool and cotton that soften with time",
    "garden": "For beds, balconies and one brave windowsill",
    "desk": "Paper and order for thoughts worth keeping",
    "bath": "Slow mornings, long evenings, good soap",
    "travel": "Bags and bottles that come home again",
    "play": "Wooden toys made to be handed down",
    "pantry": "Small makers, short lists of ingredients",
}
"""Each category, in the order in which the shop shows them, and what it says of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """A product as it is first put on the shelf; ``motif`` and ``colour`` say how its picture is drawn."""

    sku: str
    category: str
    name: str
    price_cents: int
    on_hand: int
    motif: str
    colour: str
    description: str

    @property
    def picture(self) -> str:
        """The picture's path below /images/."""
        return f"{self.sku}.svg"


@cache
def products() -> dict[str, Product]:
    """Every product by its SKU."""
    text = files(__package__).joinpath("products.csv").read_text(encoding="utf-8")
    return {row["sku"]: _product(row) for row in csv.DictReader(text.splitlines())}


def _product(row: dict[str, str]) -> Product:
    return Product(
        sku=row["sku"],
        category=row["category"],
        name=row["name"],
        price_cents=int(row["price_cents"]),
        on_hand=int(row["on_hand"]),
        motif=row["motif"],
        colour=row["colour"],
        description=row["description"],
    )
