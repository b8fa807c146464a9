"""One file for each environment, ``environments/<environment>.yaml``: what its deployments are given.

    region: eu-west-1
    domain: store.example.com
    parameters:
      data:
        CacheEngine: redis

What the command line says wins. The files of the repository are examples: a placeholder in one that a deployment
would need is refused by its name.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from retail.ops import handwritten, stacks
from retail.ops.cli import InputError

FOLDER = Path("environments")

TEXTS = ("project", "region", "domain", "hosted_zone", "image", "operations_email", "customer_email")
SETTINGS = (*TEXTS, "seed", "parameters")
TITLES = tuple(title for _, title in stacks.ORDER if title != stacks.INGRESS_WAF)
"""Whose parameters a file may hold; those of ``ingress`` are for both scopes of 03."""

PLACEHOLDERS = {
    "domain": ("store.example.com", "write the name that shoppers type"),
    "hosted_zone": ("Z0123456789ABCDEFGHIJ", "write the id of the public zone, see aws route53 list-hosted-zones"),
}
"""What stands in the examples, and what to put there."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What one file holds; nothing where there is no file."""

    path: Path
    settings: dict[str, str] = field(default_factory=dict)
    seed: bool = False
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)  # by title

    def setting(self, name: str) -> str:
        """A setting, empty if it is not given."""
        return self.settings.get(name, "")

    def refuse_placeholder(self, name: str) -> None:
        """Raises InputError if the setting is still the example's."""
        placeholder, mend = PLACEHOLDERS[name]
        if self.setting(name) == placeholder:
            raise InputError(f"{self.path}: {name} is still {placeholder}; {mend}")


def read(environment: str) -> Environment:
    """The file of an environment, if there is one. Raises InputError for what is not understood."""
    path = FOLDER / f"{environment}.yaml"
    try:
        loaded = handwritten.read(path)
    except FileNotFoundError:
        return Environment(path)
    held = _mapping(path, "the file", loaded)
    for name in held:
        _refuse_unknown(path, "a setting", name, SETTINGS)
    seed = held.get("seed", False)
    if not isinstance(seed, bool):
        raise InputError(f"{path}: seed {seed}: give true or false")
    parameters = _mapping(path, "parameters", held.get("parameters"))
    for title in parameters:
        _refuse_unknown(path, "a stack", title, TITLES)
    return Environment(
        path,
        settings={name: _text(path, name, held[name]) for name in TEXTS if held.get(name) is not None},
        seed=seed,
        parameters={
            title: {name: _text(path, name, value) for name, value in _mapping(path, title, of_stack).items()}
            for title, of_stack in parameters.items()
        },
    )


def nearest(name: str, known: Collection[str]) -> str:
    """The known name that was probably meant, as the end of a sentence; else all of them."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"


def _refuse_unknown(path: Path, kind: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise InputError(f"{path}: {name} is not {kind}; {nearest(name, known)}")


def _mapping(path: Path, name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{path}: {name} holds {value!r}; give names with their values")
    return {str(key): each for key, each in value.items()}


def _text(path: Path, name: str, value: Any) -> str:
    """A value as CloudFormation takes it; YAML reads some texts as truths."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    raise InputError(f"{path}: {name} holds {value!r}; give one text or number")
