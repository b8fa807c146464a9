"""The parameters that a deployment of an environment would pass, as far as its file and the command line say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retail.ops import artifacts, emitted, stacks
from retail.ops.cli import InputError
from retail.ops.environments import PLACEHOLDERS, Environment, nearest
from retail.ops.plan.read import Template
from retail.ops.request import NOT_TO_SET, OPTIONS
from retail.ops.stacks import Stack

SCOPES = {stacks.INGRESS_WAF: "waf", stacks.INGRESS: "cdn"}


def wanted(
    platform: Mapping[str, Stack],
    templates: Mapping[str, Template],
    file: Environment,
    names: Mapping[str, str],
    given: Sequence[str],
) -> dict[str, dict[str, str]]:
    """By title, what would be passed; what is not keeps its value. Raises InputError for what no template takes.

    `names` are Project and Environment. The placeholders of the example files are nobody's values.
    """
    overrides = dict(_override(word, templates) for word in given)
    options = {name: file.setting(option[2:].replace("-", "_")) for name, option in OPTIONS.items()}
    examples = {placeholder for placeholder, _ in PLACEHOLDERS.values()}
    options = {name: value for name, value in options.items() if value and value not in examples}
    found = {}
    for title, stack in platform.items():
        values = artifacts.keys(title) | options | file.parameters.get(title.removesuffix("-waf"), {}) | overrides
        values |= names
        if title in SCOPES:
            values["Scope"] = SCOPES[title]
        if stack.template.stem not in templates:
            raise InputError(f"{stack.template} is not there: run make templates, and this from the repository's root")
        parameters = templates[stack.template.stem]["Parameters"]
        found[title] = {name: value for name, value in values.items() if name in parameters}
        for name, value in found[title].items():
            if mend := emitted.objection(parameters[name], value):
                raise InputError(f"{stack.label}, {name}={value}: {mend}")
    return found


def _override(word: str, templates: Mapping[str, Template]) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    known = {name for template in templates.values() for name in template["Parameters"]} - NOT_TO_SET.keys()
    if not (name and equals):
        raise InputError(f"--set {word}: give Parameter=Value")
    if name in NOT_TO_SET:
        raise InputError(f"--set {word}: {name} is not set this way; {NOT_TO_SET[name]}")
    if name not in known:
        raise InputError(f"--set {name}: no template has this parameter; {nearest(name, known)}")
    return name, value
