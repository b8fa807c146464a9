"""Tables of the emitted templates for people to read: ``make wiring`` keeps those of the README true."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from retail.ops.emitted import load
from retail.ops.plan.functions import imported_in
from retail.ops.plan.read import Template

ROOT = Path(__file__).parents[2]


def table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [headings, ("---",) * len(headings), *rows])


def wiring(templates: dict[str, Template]) -> str:
    """Each export, who makes it and who takes it."""
    takers = {number: imported_in(template["Resources"]) for number, template in templates.items()}
    rows = []
    for number, template in templates.items():
        for title, output in template.get("Outputs", {}).items():
            if "Export" in output:
                name = output["Export"]["Name"]
                taken = ", ".join(taker for taker, names in takers.items() if name in names)
                rows.append((f"`{title}`", number, taken, output["Description"]))
    return table(("Export", "Made in", "Taken in", "What it is"), rows)


def parameters(templates: dict[str, Template]) -> str:
    """Each parameter beyond Project and Environment, with its default."""
    rows = []
    for number, template in templates.items():
        for title, parameter in template["Parameters"].items():
            if title not in ("Project", "Environment"):
                default = f"`{parameter['Default']}`" if "Default" in parameter else "to be given"
                rows.append((number, f"`{title}`", default, parameter["Description"].replace(" Or none.", "")))
    return table(("Stack", "Parameter", "Default", "What it is"), rows)


def described(text: str, templates: dict[str, Template]) -> str:
    """A page with its tables as the templates have them now; each stands between two comments."""
    for name, rows in (("parameters", parameters(templates)), ("exports", wiring(templates))):
        text = re.sub(
            rf"(<!-- make wiring: {name} -->\n).*?(<!-- end -->)", rf"\g<1>{rows}\n\g<2>", text, flags=re.DOTALL
        )
    return text


def templates() -> dict[str, Template]:
    """The emitted templates by number."""
    return {path.name[:2]: load(path) for path in sorted((ROOT / "out").glob("*.yaml"))}


def main() -> int:
    """Write the tables into the README."""
    readme = ROOT / "README.md"
    readme.write_text(described(readme.read_text(encoding="utf-8"), templates()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
