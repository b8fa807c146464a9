"""What ``make docs`` writes: the pictures, and the architecture page with its tables as the templates have them now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from retail.ops.cli import InputError
from retail.ops.docs import flow, network, stacks, tables
from retail.ops.docs.facts import Templates

PAGE = Path("docs/architecture.md")
PICTURES = Path("docs/pictures")
BLOCK = re.compile(r"(<!-- make docs: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pictures(templates: Templates) -> dict[Path, str]:
    """The pictures by path."""
    made = {"stacks": stacks, "network": network, "flow": flow}
    return {PICTURES / f"{name}.svg": module.picture(templates) for name, module in made.items()}


def blocks(templates: Templates) -> dict[str, str]:
    """The tables by the name between the page's comments."""
    return {
        "stacks": tables.stacks(templates),
        "numbers": tables.numbers(templates),
        "roles": tables.permissions(templates),
        "retention": tables.retention(templates),
    }


def filled(text: str, wanted: Mapping[str, str]) -> str:
    """A page with its tables. Raises InputError where the page lacks a table's comments or has others."""
    found = [name for _, name, _ in BLOCK.findall(text)]
    if sorted(found) != sorted(wanted):
        raise InputError(
            f"{PAGE}: write <!-- make docs: NAME --> and <!-- end --> once for each of {', '.join(wanted)}"
        )
    return BLOCK.sub(lambda block: f"{block[1]}{wanted[block[2]]}\n{block[3]}", text)


def written(templates: Templates, page: str) -> dict[Path, str]:
    """Everything that is generated, by path; `page` is the page's text with whatever tables it has."""
    return {PAGE: filled(page, blocks(templates)), **pictures(templates)}
