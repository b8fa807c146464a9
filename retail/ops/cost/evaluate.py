"""What a template makes of its parameters: which resources there are, and their properties as far as they are known.

What only AWS knows (an attribute, a pseudo parameter, an import from a template that was not given) becomes a text
that names it; no price depends on one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NO_VALUE = object()
"""What AWS::NoValue leaves: the property, or the item of a list, is not there."""


@dataclass(frozen=True)
class Resource:
    """A resource that a stack has."""

    title: str  # its logical id
    type: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """A template with its parameters and conditions settled."""

    name: str  # the template's, e.g. 05-data
    parameters: dict[str, str]
    resources: dict[str, Resource]

    def of(self, kind: str) -> list[Resource]:
        """The resources of a type."""
        return [resource for resource in self.resources.values() if resource.type == kind]


@dataclass
class Evaluation:
    """One template under evaluation; `exports` is shared by all of them and grows."""

    template: Mapping[str, Any]
    parameters: dict[str, str]
    exports: dict[str, Any] = field(default_factory=dict)

    def condition(self, node: Any) -> bool:
        """Whether a condition holds."""
        match node:
            case str():
                return self.condition(self.template["Conditions"][node])
            case {"Condition": name}:
                return self.condition(name)
            case {"Fn::Not": [inner]}:
                return not self.condition(inner)
            case {"Fn::And": parts}:
                return all(self.condition(part) for part in parts)
            case {"Fn::Or": parts}:
                return any(self.condition(part) for part in parts)
            case {"Fn::Equals": [left, right]}:
                return bool(self.value(left) == self.value(right))
        raise ValueError(f"no condition: {node}")

    def value(self, node: Any) -> Any:
        """A node with its functions worked out."""
        match node:
            case {"Ref": "AWS::NoValue"}:
                return NO_VALUE
            case {"Ref": name}:
                return self.parameters.get(name, name)
            case {"Fn::If": [condition, true, false]}:
                return self.value(true if self.condition(condition) else false)
            case {"Fn::Sub": [str(text), dict(more)]}:
                return self.filled(text, {name: self.value(each) for name, each in more.items()})
            case {"Fn::Sub": str(text)}:
                return self.filled(text, {})
            case {"Fn::Join": [str(glue), list(parts)]}:
                return glue.join(str(part) for part in self.value(parts))
            case {"Fn::Split": [str(glue), text]}:
                return str(self.value(text)).split(glue)
            case {"Fn::GetAtt": [title, attribute]}:
                return f"{title}.{attribute}"
            case {"Fn::ImportValue": name}:
                told = self.value(name)
                return self.exports.get(told, f"import of {told}")
            case dict():
                worked = {key: self.value(each) for key, each in node.items()}
                return {key: each for key, each in worked.items() if each is not NO_VALUE}
            case list():
                return [each for each in map(self.value, node) if each is not NO_VALUE]
        return node

    def filled(self, text: str, more: dict[str, Any]) -> str:
        """A text with its `${Name}` replaced where the value is known."""
        known = self.parameters | more
        return re.sub(r"\$\{([\w:.]+)\}", lambda found: str(known.get(found[1], found[0])), text)

    def resources(self) -> dict[str, Resource]:
        """The resources whose condition holds, by logical id."""
        return {
            title: Resource(title, resource["Type"], self.value(resource.get("Properties", {})))
            for title, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }

    def export(self) -> None:
        """Add what the stack exports."""
        for output in self.template.get("Outputs", {}).values():
            if "Export" in output and ("Condition" not in output or self.condition(output["Condition"])):
                self.exports[self.value(output["Export"]["Name"])] = self.value(output["Value"])


def evaluate(name: str, template: Mapping[str, Any], given: Mapping[str, str], exports: dict[str, Any]) -> Stack:
    """A template with `given` in place of its parameters' defaults; what it exports is added to `exports`."""
    parameters = {
        key: str(given.get(key, declared.get("Default", key)))
        for key, declared in template.get("Parameters", {}).items()
    }
    evaluation = Evaluation(template, parameters, exports)
    resources = evaluation.resources()
    evaluation.export()
    return Stack(name, parameters, resources)
