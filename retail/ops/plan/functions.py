"""CloudFormation's functions inside a template: where they stand, whom they name, and what they yield."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from retail.ops.plan.read import VARIABLE, Template

ALWAYS_GIVEN = ("Project", "Environment")
"""Parameters that each deployment passes, so that their defaults say nothing."""

Place = str | int
Path = tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A reference to a parameter, and the value it has unless another is passed."""

    parameter: str
    value: str


def is_function(tree: Any) -> bool:
    """Whether a value is a function and not a structure of its own."""
    if isinstance(tree, Given):
        return True
    if not (isinstance(tree, dict) and len(tree) == 1):
        return False
    [(key, value)] = tree.items()
    return str(key).startswith("Fn::") or (key in ("Ref", "Condition") and isinstance(value, str))


def standing_in(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each outermost function of a tree with its place; of Fn::If the branches, at the place of the whole."""
    match tree:
        case {"Fn::If": [_, *branches]}:
            for branch in branches:
                yield from standing_in(branch, path)
        case _ if is_function(tree):
            yield path, tree
        case dict():
            for key, value in tree.items():
                yield from standing_in(value, (*path, key))
        case list():
            for index, item in enumerate(tree):
                yield from standing_in(item, (*path, index))


def named_in(tree: Any) -> set[str]:
    """What a tree refers to by Ref, Fn::GetAtt and Fn::Sub."""
    match tree:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case {"Fn::Sub": str(text)}:
            return {variable.split(".")[0] for variable in VARIABLE.findall(text)}
        case {"Fn::Sub": [str(text), dict(own)]}:
            found = {variable.split(".")[0] for variable in VARIABLE.findall(text) if variable not in own}
            return found.union(*map(named_in, own.values()))
        case dict():
            return set().union(*map(named_in, tree.values()))
        case list():
            return set().union(*map(named_in, tree))
    return set()


def imported_in(tree: Any) -> list[Any]:
    """The names of the exports that a tree imports, each as the template writes it."""
    match tree:
        case {"Fn::ImportValue": name}:
            return [name]
        case dict():
            return [name for value in tree.values() for name in imported_in(value)]
        case list():
            return [name for item in tree for name in imported_in(item)]
    return []


def defaults(template: Template) -> dict[str, str]:
    """The parameters that have a default, with it as text."""
    found = template.get("Parameters", {})
    return {name: text(each["Default"]) for name, each in found.items() if "Default" in each}


def with_defaults(template: Template) -> Template:
    """The template with each use of a parameter made to carry its default, so that a changed default shows there."""
    values = {name: value for name, value in defaults(template).items() if name not in ALWAYS_GIVEN}
    return {section: tree if section == "Parameters" else _carrying(tree, values) for section, tree in template.items()}


def _carrying(tree: Any, values: Mapping[str, str]) -> Any:
    match tree:
        case {"Ref": str(name)} if name in values:
            return Given(name, values[name])
        case {"Fn::Sub": str(words)} if found := {name for name in VARIABLE.findall(words) if name in values}:
            return {"Fn::Sub": [words, {name: Given(name, values[name]) for name in sorted(found)}]}
        case dict():
            return {key: _carrying(value, values) for key, value in tree.items()}
        case list():
            return [_carrying(item, values) for item in tree]
    return tree


def text(value: Any) -> str:
    """A plain value as CloudFormation hands it to a service."""
    return str(value).lower() if isinstance(value, bool) else str(value)
