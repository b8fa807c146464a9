"""What a template may say and the edge does not act out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class UnsupportedError(Exception):
    """Something deployed that is not acted out here; one line that names it."""


def refuse(what: str, settings: Mapping[str, Any], *names: str) -> None:
    """Raises UnsupportedError if one of the named settings is made."""
    for name in names:
        if settings.get(name):
            raise UnsupportedError(f"{what}: {name} is not acted out on this machine")
