"""One spelling for one thing: trimmed, inner space folded, composed (NFC), and codes in one case."""

from __future__ import annotations

import unicodedata
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from retail.contracts import lake

UPPER = ("currency",)
LOWER = ("event_id", "category")
"""Codes; a SKU is as the shop's database has it."""


def fold(rows: DataFrame, domain: str, odd: bool) -> DataFrame:
    """Rows of `check`, folded. Only `odd` text goes through Python, if there is any: Spark knows no NFC."""
    columns = lake.COLUMNS[domain]
    both = rows.where("NOT odd").unionByName(_in_python(rows.where("odd"), columns)) if odd else rows
    cased = {name: F.upper(name) for name in UPPER if name in columns} | {
        name: F.lower(name) for name in LOWER if name in columns
    }
    return both.withColumns(cased).drop("odd")


def _in_python(rows: DataFrame, columns: dict[str, str]) -> DataFrame:
    one = F.udf(folded, "string")
    done = rows.withColumns({name: one(name) for name, kind in columns.items() if kind == "string"})
    return done.withColumn("items", F.udf(_folded_items, columns["items"])("items")) if "items" in columns else done


def folded(text: str | None) -> str | None:
    """Text in its one spelling; also NBSP and line ends are space."""
    return None if text is None else " ".join(unicodedata.normalize("NFC", text).split())


def _folded_items(items: list[Any] | None) -> list[Any] | None:
    if items is None:
        return None
    return [(folded(item.sku), item.quantity, item.unit_price_cents) for item in items]
