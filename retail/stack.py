"""One stack: a Troposphere template with the house's parameters, exports and conditions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, get_args, get_type_hints

from troposphere import (
    AWSHelperFn,
    Condition,
    Equals,
    Export,
    ImportValue,
    Join,
    Not,
    NoValue,
    Output,
    Parameter,
    Ref,
    Split,
    Sub,
    Tags,
    Template,
)
from troposphere import If as Either

from retail import yaml_format

P = ParamSpec("P")
T = TypeVar("T")

Value = AWSHelperFn
"""What a stack hands to another: an intrinsic function, resolved when CloudFormation deploys."""

NONE = "none"
"""The value of a parameter that switches its feature off."""

STATEFUL: dict[str, str] = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
"""Kept when its stack goes or replaces it; but a first creation that fails leaves nothing behind (T13)."""

GENERAL = "Which platform"


class Stack(Template):
    """A numbered stack of the platform.

    Every stack has the parameters ``Project`` and ``Environment``; all names and exports are built from these
    two, so that one account and Region holds dev, staging and prod side by side (T4, T9).
    """

    def __init__(self, number: int, name: str, description: str) -> None:
        super().__init__(Description=" ".join(description.split()))
        self.set_version("2010-09-09")
        self.number = number
        self.name = name
        self._groups: dict[str, list[str]] = {}
        self._labels: dict[str, str] = {}
        self._condition: str | None = None
        self.parameter(
            "Project",
            group=GENERAL,
            label="Project",
            Description="Short name of the platform; the first part of every name and export.",
            Default="retail",
            AllowedPattern="(?!aws|ssm)[a-z][a-z0-9]{1,11}",
            ConstraintDescription="2 to 12 lower-case letters and digits, beginning with a letter, but not with aws or "
            "ssm, which Systems Manager keeps for itself",
        )
        self.parameter(
            "Environment",
            group=GENERAL,
            label="Environment",
            Description="Which copy of the platform this is; the second part of every name and export.",
            Default="dev",
            AllowedValues=["dev", "staging", "prod"],
        )

    @property
    def file_name(self) -> str:
        """The name of the emitted file, e.g. ``05-data.yaml``."""
        return f"{self.number:02d}-{self.name}.yaml"

    def parameter(self, title: str, *, group: str, label: str, Type: str = "String", **properties: Any) -> Ref:
        """Add a parameter to a named group of the console's form, and return a reference to it."""
        self.add_parameter(Parameter(title, Type=Type, **properties))
        self._groups.setdefault(group, []).append(title)
        self._labels[title] = label
        return Ref(title)

    def switch(self, feature: str, *, default: bool, group: str, label: str, Description: str) -> str:
        """Add a parameter ``Enable<feature>``, true or false; returns the name of its condition ``Has<feature>``."""
        value = self.parameter(
            f"Enable{feature}",
            group=group,
            label=label,
            Description=Description,
            Default=str(default).lower(),
            AllowedValues=["true", "false"],
        )
        return self.condition(f"Has{feature}", Equals(value, "true"))

    def optional(
        self,
        title: str,
        *,
        group: str,
        label: str,
        pattern: str,
        Description: str,
        Type: str = "String",
        **properties: Any,
    ) -> tuple[Ref, str]:
        """Add a parameter whose default is ``none``.

        Returns a reference to it, and the name of the condition ``Has<title>`` that a value was given.
        """
        value = self.parameter(
            title,
            group=group,
            label=label,
            Type=Type,
            Description=f"{Description} Or none.",
            Default=NONE,
            AllowedPattern=f"{NONE}|{pattern}",
            **properties,
        )
        return value, self.condition(f"Has{title}", Not(Equals(value, NONE)))

    def is_given(self, title: str, otherwise: str) -> dict[str, Any]:
        """The assertion, for a rule of the template, that an optional parameter has a value."""
        return {"Assert": Not(Equals(Ref(title), NONE)), "AssertDescription": otherwise}

    def condition(self, name: str, value: AWSHelperFn) -> str:
        """Add a condition and return its name; Troposphere alone would overwrite an equal name silently."""
        if name in self.conditions:
            raise ValueError(f"condition {name} is already defined in {self.file_name}")
        self.add_condition(name, value)
        return name

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Every resource and output added inside gets this condition."""
        outer, self._condition = self._condition, condition
        try:
            yield
        finally:
            self._condition = outer

    def add_resource(self, resource: Any) -> Any:
        """Add one resource or a list of them under the condition of the enclosing ``when``; returns them."""
        if self._condition is not None:
            for each in resource if isinstance(resource, list) else [resource]:
                each.Condition = self._condition
        return super().add_resource(resource)

    def tags(self, name: str) -> Tags:
        """A fresh ``Name`` tag (Troposphere's ``Tags.__add__`` edits its right operand).

        Project and Environment are stack-level tags, set by the deployment on all that takes tags.
        """
        return Tags(Name=Sub(f"${{Project}}-${{Environment}}-{name}"))

    def export(self, exports: Callable[P, T], *args: P.args, **values: P.kwargs) -> T:
        """Export every field of the dataclass ``exports``, and return the same fields as imports.

        An export is named ``${Project}-${Environment}-<stack>-<Title>``, e.g. ``retail-prod-networking-VpcId``.
        A list travels as one comma-joined string and is split again by the importer.
        """
        hints = get_type_hints(exports, include_extras=True)
        imports: dict[str, Any] = {}
        for field, value in values.items():
            title = "".join(word.capitalize() for word in field.split("_"))
            name = Sub(f"${{Project}}-${{Environment}}-{self.name}-{title}")
            several = isinstance(value, list)
            self.output(
                title,
                Description=get_args(hints[field])[-1],
                Value=Join(",", value) if several else value,
                Export=Export(name),
            )
            imports[field] = Split(",", ImportValue(name)) if several else ImportValue(name)
        return exports(**imports)  # type: ignore[call-arg]  # the keywords are the dataclass's own fields

    def output(self, title: str, **properties: Any) -> None:
        """Add an output under the condition of the enclosing ``when``."""
        output = self.add_output(Output(title, **properties))
        if self._condition is not None:
            output.Condition = self._condition

    def render(self) -> str:
        """The template as the text of its file: the same bytes on each run and machine."""
        self.set_metadata(
            {
                "AWS::CloudFormation::Interface": {
                    "ParameterGroups": [
                        {"Label": {"default": label}, "Parameters": titles} for label, titles in self._groups.items()
                    ],
                    "ParameterLabels": {title: {"default": label} for title, label in self._labels.items()},
                }
            }
        )
        return f"# Written by generate.py from templates/{self.name}.py; edit that.\n" + yaml_format.dump(
            self.to_dict()
        )


def either(condition: str, value: Any, otherwise: Any = NoValue) -> AWSHelperFn:
    """``value`` if the named condition holds, else ``otherwise`` (by default: the property is left out)."""
    return Either(condition, value, otherwise)


def both(*conditions: str) -> list[Condition]:
    """The named conditions, as the operands of ``And`` or ``Or``."""
    return [Condition(name) for name in conditions]


def json_text(value: Any) -> str:
    """JSON for a property that wants text, a line for each entry, so that a diff can be read."""
    return json.dumps(value, indent=1) + "\n"


def accepted(**checks: str) -> dict[str, Any]:
    """Resource metadata that skips security checks, each with its reason: ``CKV_AWS_18="..."``."""
    return {"checkov": {"skip": [{"id": check, "comment": reason} for check, reason in checks.items()]}}
