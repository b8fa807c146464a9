"""The emitted templates with CloudFormation's functions in their long forms, ready to be evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retail.ops.plan.read import folder

OUT = Path(__file__).parents[3] / "out"


def emitted() -> dict[str, dict[str, Any]]:
    """The templates of out/ by file name without ending, in order. Raises InputError."""
    return {name: dict(template) for name, template in folder(OUT).items()}
