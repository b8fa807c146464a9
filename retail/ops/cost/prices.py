"""The price file: what a unit costs in a Region, from where and since when that is known, and how sure it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from retail.ops.cli import PYTHON, InputError

FILE = Path(__file__).with_name("prices.yaml")
MEMORY = "memory"
"""How sure a price is that was read nowhere."""


@dataclass(frozen=True, slots=True)
class Price:
    """A price in one Region."""

    key: str
    what: str
    unit: str
    per: int  # the units that `usd` is for
    free: float  # units a month that every account has of it
    usd: float
    date: str
    sure: str
    source: str

    def dollars(self, quantity: float) -> float:
        """What so many units cost, none of them free."""
        return quantity / self.per * self.usd


def content(file: Path = FILE) -> dict[str, Any]:
    """The price file as it stands. Raises InputError."""
    try:
        found: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        return found
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{file}: {' '.join(str(error).split())}; git restore it") from None


def read(region: str, file: Path = FILE) -> dict[str, Price]:
    """The prices of a Region by key. Raises InputError where the file has none for it."""
    found: dict[str, Price] = {}
    for key, entry in content(file).items():
        try:
            here = entry["regions"][region]
        except KeyError:
            raise InputError(
                f"--region {region}: {file.name} has no price {key} for it; "
                f"{PYTHON} -m retail.ops.cost --refresh --region {region} asks AWS, with credentials"
            ) from None
        found[key] = Price(
            key=key,
            what=entry["what"],
            unit=entry["unit"],
            per=entry.get("per", 1),
            free=entry.get("free", 0),
            usd=here["usd"],
            date=str(here["date"]),
            sure=here["sure"],
            source=here["source"],
        )
    return found


def text(entries: Mapping[str, Any], header: str) -> str:
    """The file with these entries below its first comment lines."""
    return header + yaml.safe_dump(dict(entries), sort_keys=False, width=110, allow_unicode=True)


def write(entries: Mapping[str, Any], file: Path = FILE) -> None:
    """Write the file anew, in one go or not at all; its first comment stays."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    header = "".join(line for line in lines if line.startswith("#"))
    new = file.with_suffix(".new")
    new.write_text(text(entries, header), encoding="utf-8")
    os.replace(new, file)
