"""Wildcards of path patterns and of the load balancer's conditions: ``*`` any text, ``?`` one character."""

from __future__ import annotations

import re
from functools import cache


@cache
def wildcard(pattern: str, *, ignores_case: bool = False) -> re.Pattern[str]:
    """The pattern as a regular expression, to be matched in full."""
    parts = {"*": ".*", "?": "."}
    text = "".join(parts.get(character, re.escape(character)) for character in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignores_case else 0))
