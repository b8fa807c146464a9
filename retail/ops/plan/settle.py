"""A template as it is for one stack: conditions decided and parameters put in, as far as their values are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retail.ops.plan.functions import text
from retail.ops.plan.read import NO_VALUE, VARIABLE, Template


def settled(template: Template, values: Mapping[str, str]) -> Template:
    """The template with the values put in, without the resources and outputs whose condition is false.

    `values` holds parameters and pseudo parameters; what hangs on any other stays as it stands.
    """
    conditions = template.get("Conditions", {})
    decided = {name: _truth(each, conditions, values) for name, each in conditions.items()}
    parts = dict(template)
    for section in ("Resources", "Outputs"):
        here = ((name, each) for name, each in template.get(section, {}).items() if _is_here(each, decided))
        parts[section] = {name: _put(_unconditional(each, decided), values, decided) for name, each in here}
    # Of what is settled the value tells, and not how the template comes by it.
    parts["Conditions"] = {name: each if decided[name] is None else decided[name] for name, each in conditions.items()}
    parts["Parameters"] = {
        name: {key: value for key, value in each.items() if key != "Default"} | {"Value": values[name]}
        if name in values
        else each
        for name, each in template.get("Parameters", {}).items()
    }
    return parts


def _is_here(part: Any, decided: Mapping[str, bool | None]) -> bool:
    return decided.get(part.get("Condition"), True) is not False


def _unconditional(part: Any, decided: Mapping[str, bool | None]) -> Any:
    if decided.get(part.get("Condition")):
        return {key: value for key, value in part.items() if key != "Condition"}
    return part


def _truth(condition: Any, all_of_them: Mapping[str, Any], values: Mapping[str, str]) -> bool | None:
    """Whether a condition holds; None if that hangs on something unknown."""

    def truths(operands: list[Any]) -> list[bool | None]:
        return [_truth(operand, all_of_them, values) for operand in operands]

    match condition:
        case {"Condition": name}:
            return _truth(all_of_them[name], all_of_them, values)
        case {"Fn::Equals": [left, right]}:
            sides = [_put(side, values, {}) for side in (left, right)]
            known = not any(isinstance(side, dict | list) for side in sides)
            return text(sides[0]) == text(sides[1]) if known else None
        case {"Fn::Not": operands}:
            [inner] = truths(operands)
            return None if inner is None else not inner
        case {"Fn::And": operands}:
            found = truths(operands)
            return False if False in found else None if None in found else True
        case {"Fn::Or": operands}:
            found = truths(operands)
            return True if True in found else None if None in found else False
    return None


def _put(tree: Any, values: Mapping[str, str], decided: Mapping[str, bool | None]) -> Any:
    match tree:
        case {"Ref": str(name)} if name in values:
            return values[name]
        case {"Fn::If": [name, true, false]} if decided.get(name) is not None:
            return _put(true if decided[name] else false, values, decided)
        case {"Fn::If": [name, *branches]}:
            return {"Fn::If": [name, *(_put(branch, values, decided) for branch in branches)]}
        case {"Fn::Sub": str(words)}:
            return _substituted(words, {}, values)
        case {"Fn::Sub": [str(words), dict(own)]}:
            return _substituted(words, {name: _put(value, values, decided) for name, value in own.items()}, values)
        case dict():
            return {key: put for key, value in tree.items() if (put := _put(value, values, decided)) != NO_VALUE}
        case list():
            return [put for item in tree if (put := _put(item, values, decided)) != NO_VALUE]
    return tree


def _substituted(words: str, own: Mapping[str, Any], values: Mapping[str, str]) -> Any:
    known = {**values, **{name: text(value) for name, value in own.items() if not isinstance(value, dict | list)}}
    words = VARIABLE.sub(lambda found: known.get(found[1], found[0]), words)
    left = {name: value for name, value in own.items() if name not in known}
    if not VARIABLE.search(words):
        return words.replace("${!", "${")
    return {"Fn::Sub": [words, left] if left else words}
