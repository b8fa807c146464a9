"""SSM parameters below the platform's path: how the storefront, deployed first, learns what came after it (T201)."""

from __future__ import annotations

from typing import Any

from troposphere.ssm import Parameter

from retail import names


def parameter(path: str, value: Any) -> Parameter:
    """One parameter, by its path below the platform's own, e.g. ``data/writer-host``."""
    title = "".join(word.capitalize() for word in path.replace("/", "-").split("-"))
    return Parameter(f"{title}Parameter", Name=names.parameter(path), Type="String", Value=value)
