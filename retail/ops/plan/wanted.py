"""The parameters that a deployment of an environment would pass, as far as its file and the command line say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retail.ops import artifacts, emitted
from retail.ops.cli import InputError
from retail.ops.environments import PLACEHOLDERS, Environment, nearest
from retail.ops.plan.read import Template
from retail.ops.request import NOT_TO_SET, OPTIONS, override, setting_of
from retail.ops.stacks import Stack


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
    overrides = _overrides(given, templates)
    options = {name: file.setting(setting_of(option)) for name, option in OPTIONS.items()}
    examples = {placeholder for placeholder, _ in PLACEHOLDERS.values()}
    options = {name: value for name, value in options.items() if value and value not in examples}
    found = {}
    for title, stack in platform.items():
        values = artifacts.keys(title) | options | file.parameters.get(title.removesuffix("-waf"), {}) | overrides
        values |= names
        if stack.scope:
            values["Scope"] = stack.scope
        if stack.template.stem not in templates:
            raise InputError(f"{stack.template} is not there: run make templates, and this from the repository's root")
        parameters = templates[stack.template.stem]["Parameters"]
        found[title] = {name: value for name, value in values.items() if name in parameters}
        for name, value in found[title].items():
            if mend := emitted.objection(parameters[name], value):
                raise InputError(f"{stack.label}, {name}={value}: {mend}")
    return found


def _overrides(words: Sequence[str], templates: Mapping[str, Template]) -> dict[str, str]:
    found = dict(map(override, words))
    known = {name for template in templates.values() for name in template["Parameters"]} - NOT_TO_SET.keys()
    for name in found.keys() - known:
        raise InputError(f"--set {name}: no template has this parameter; {nearest(name, known)}")
    return found
