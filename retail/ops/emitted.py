"""What the deployment needs to know of the emitted templates: parameters, imports, and what outlives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from retail.ops.cli import InputError

IMPORTED = re.compile(r"\$\{Project\}-\$\{Environment\}-([a-z]+)-")
KEPT = ("Retain", "RetainExceptOnCreate", "Snapshot")


def _plain(loader: yaml.CSafeLoader, suffix: str, node: yaml.MappingNode | yaml.SequenceNode | yaml.ScalarNode) -> Any:
    """A short-form function such as !Sub, as its bare argument."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


class _Loader(yaml.CSafeLoader):
    yaml_multi_constructors: ClassVar = {"!": _plain}


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


def load(path: Path) -> dict[str, Any]:
    """A template as it stands in its file, the short-form functions as their bare arguments."""
    loaded: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    return loaded


def read(path: Path) -> Emitted:
    """Read a template. Raises InputError if it is not there or is none."""
    try:
        template = load(path)
        return Emitted(
            parameters=template["Parameters"],
            imports={stack for name in imports(template["Resources"]) for stack in IMPORTED.findall(name)},
            kept={
                title: Kept(resource["Type"], resource.get("Condition"))
                for title, resource in template["Resources"].items()
                if resource.get("DeletionPolicy") in KEPT
            },
        )
    except FileNotFoundError:
        raise InputError(f"{path} is not there: run make templates, and this from the repository's root") from None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path} is not a template: run make templates") from None


def imports(tree: Any) -> Iterator[str]:
    """The names that a template, or a part of one, imports."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "Fn::ImportValue":
                yield str(value)
            else:
                yield from imports(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from imports(each)


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
    if pattern and not re.fullmatch(pattern, value):
        return f"give {parameter.get('ConstraintDescription') or 'what matches ' + pattern}"
    if parameter["Type"] == "Number":
        return _out_of_range(parameter, value)
    return ""


def _out_of_range(parameter: dict[str, Any], value: str) -> str:
    low, high = (float(parameter.get(bound, default)) for bound, default in (("MinValue", "-inf"), ("MaxValue", "inf")))
    try:
        return "" if low <= float(value) <= high else f"give {low:g} to {high:g}"
    except ValueError:
        return "give a number"
