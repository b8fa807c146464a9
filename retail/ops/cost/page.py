"""The page docs/cost.md: its table and its picture, made from the numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retail.ops.cost import narrative, usage
from retail.ops.cost.bill import REGION, bill, totals
from retail.ops.cost.item import FLOOR
from retail.ops.cost.picture import picture
from retail.ops.describe import table

DOCS = Path(__file__).parents[3] / "docs"
PAGE = "cost.md"
PICTURE = Path("pictures", "cost.svg")
NARRATIVE = "the narrative"


def rendered(templates: Mapping[str, Mapping[str, Any]], docs: Path = DOCS) -> dict[Path, str]:
    """What the page and the picture are to hold, by their places."""
    bills = {name: bill(templates, use) for name, use in usage.profiles().items()}
    costs = {name: totals(lines, templates) for name, lines in bills.items()}
    floors = [sum(line.dollars for line in lines if line.kind == FLOOR) for lines in bills.values()]
    reasons = narrative.reasons(costs[narrative.PROFILE], bills[narrative.PROFILE])
    headings = ("Stack", "Narrative", *costs)
    rows = [
        (stack, str(told), *(f"{costs[name][stack]:,.0f}" for name in costs)) for stack, told in narrative.TABLE.items()
    ]
    rows.append(
        ("In all", str(sum(narrative.TABLE.values())), *(f"{sum(each.values()):,.0f}" for each in costs.values()))
    )
    rows.append(("Of it a floor", "", *(f"{floor:,.0f}" for floor in floors)))
    why = "\n".join(f"- {stack}: {reason}" for stack, reason in reasons.items())
    text = (docs / PAGE).read_text(encoding="utf-8")
    for mark, made in (("table", table(headings, rows)), ("differences", why)):
        text = re.sub(
            rf"(<!-- make cost-page: {mark} -->\n).*?(<!-- end -->)",
            lambda found, made=made: f"{found[1]}{made}\n{found[2]}",
            text,
            flags=re.DOTALL,
        )
    bars = {NARRATIVE: {stack: float(told) for stack, told in narrative.TABLE.items()}} | costs
    return {docs / PAGE: text, docs / PICTURE: picture(bars, f"Dollars a month by stack, {REGION}")}


def write(templates: Mapping[str, Mapping[str, Any]]) -> None:
    """Write page and picture."""
    for path, content in rendered(templates).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
