"""What the deployment needs to know of the emitted templates: parameters, imports, and what outlives them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retail.ops.cli import InputError
from retail.ops.plan.functions import imported_in
from retail.ops.plan.read import Template, parsed

IMPORTED = re.compile(r"\$\{Project\}-\$\{Environment\}-([a-z]+)-")
KEPT = ("Retain", "RetainExceptOnCreate", "Snapshot")
"""The deletion policies by which a resource, or what it holds, outlives its stack."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource that outlives its stack."""

    kind: str  # e.g. AWS::S3::Bucket
    condition: str | None


@dataclass(frozen=True, slots=True)
class Emitted:
    """A template in ``out/``."""

    parameters: dict[str, dict[str, Any]]
    imports: set[str]  # the titles of the stacks that must be there before
    kept: dict[str, Kept]  # what outlives the stack, by logical id


def load(path: Path) -> Template:
    """A template of ``out/``. Raises InputError if it is not there or is none."""
    try:
        template = parsed(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise InputError(f"{path} is not there: run make templates, and this from the repository's root") from None
    if "Parameters" not in template:
        raise InputError(f"{path} is not a template: run make templates")
    return template


def read(path: Path) -> Emitted:
    """What the deployment needs of a template. Raises InputError as `load` does."""
    template = load(path)
    return Emitted(
        parameters=template["Parameters"],
        imports={stack for name in imported_in(template["Resources"]) for stack in IMPORTED.findall(str(name))},
        kept={
            title: Kept(resource["Type"], resource.get("Condition"))
            for title, resource in template["Resources"].items()
            if resource.get("DeletionPolicy") in KEPT
        },
    )


def check_names(project: str, environment: str) -> None:
    """Raises InputError for a project or an environment that no template would have taken."""
    parameters = read(Path("out", "01-networking.yaml")).parameters
    for name, value in (("Project", project), ("Environment", environment)):
        if mend := objection(parameters[name], value):
            raise InputError(f"--{name.lower()} {value}: {mend}")


def objection(parameter: dict[str, Any], value: str) -> str:
    """What the template's own bounds hold against a value: what to give instead, or empty."""
    allowed = [str(each) for each in parameter.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"give {', '.join(allowed[:-1])} or {allowed[-1]}" if allowed[1:] else f"give {allowed[0]}"
    pattern = parameter.get("AllowedPattern")
    is_long = len(value) > int(parameter.get("MaxLength", len(value)))
    if is_long or (pattern and not re.fullmatch(pattern, value)):
        return f"give {parameter.get('ConstraintDescription') or f'what matches {pattern}'}"
    if parameter["Type"] == "Number":
        return _out_of_range(parameter, value)
    return ""


def _out_of_range(parameter: dict[str, Any], value: str) -> str:
    low, high = (float(parameter.get(bound, default)) for bound, default in (("MinValue", "-inf"), ("MaxValue", "inf")))
    try:
        return "" if low <= float(value) <= high else f"give {low:g} to {high:g}"
    except ValueError:
        return "give a number"
