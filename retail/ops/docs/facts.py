"""What the pictures and tables tell, read from the emitted templates and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, NamedTuple

from retail.ops.cli import InputError
from retail.ops.plan.read import Template

Templates = Mapping[str, Template]

HOUSE = "${Project}-${Environment}-"


class Made(NamedTuple):
    """A resource and where it is made."""

    stack: str  # the file's name without ending
    title: str  # its logical id
    type: str
    properties: Mapping[str, Any]
    condition: str  # what decides whether it is there, or empty
    outlives: str  # its DeletionPolicy, or empty

    @property
    def number(self) -> str:
        """The stack's number."""
        return self.stack[:2]


def every(templates: Templates, *types: str) -> list[Made]:
    """The resources of some types, or all, in the order of the templates."""
    return [
        Made(
            stack,
            title,
            each["Type"],
            each.get("Properties", {}),
            each.get("Condition", ""),
            each.get("DeletionPolicy", ""),
        )
        for stack, template in templates.items()
        for title, each in template["Resources"].items()
        if not types or each["Type"] in types
    ]


def nodes(tree: Any, key: str) -> Iterator[Any]:
    """All that stands under a key, at any depth."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from nodes(value, key)
    elif isinstance(tree, list):
        for item in tree:
            yield from nodes(item, key)


def texts(tree: Any) -> Iterator[str]:
    """Every text in a tree."""
    if isinstance(tree, str):
        yield tree
    for item in tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list) else ():
        yield from texts(item)


def pointed(tree: Any) -> list[str]:
    """The logical ids that a tree refers to, each once."""
    names = [str(name) for name in nodes(tree, "Ref")] + [str(pair[0]) for pair in nodes(tree, "Fn::GetAtt")]
    return list(dict.fromkeys(name for name in names if not name.startswith("AWS::")))


def target(tree: Any) -> str:
    """The one logical id that a tree refers to, or empty."""
    return next(iter(pointed(tree)), "")


def house_name(node: Any) -> str:
    """A name without project and environment, e.g. ``networking-VpcId``; empty if it is none."""
    text = str(node.get("Fn::Sub", "")) if isinstance(node, Mapping) else str(node)
    return text.removeprefix(HOUSE) if text.startswith(HOUSE) else ""


def imports(tree: Any) -> list[str]:
    """The exports that a tree imports, e.g. ``networking-VpcId``, each once."""
    return list(dict.fromkeys(house_name(node) for node in nodes(tree, "Fn::ImportValue")))


def exports(template: Template) -> dict[str, str]:
    """The titles of a template's exports by name."""
    outputs = template.get("Outputs", {})
    return {house_name(out["Export"]["Name"]): title for title, out in outputs.items() if "Export" in out}


def network_of(templates: Templates, block: Any) -> str:
    """The address range of a subnet: as written, or cut from its VPC's."""
    match block:
        case {"Fn::Select": [index, {"Fn::Cidr": [{"Fn::GetAtt": [vpc, *_]}, _, bits]}]}:
            whole = next(made.properties["CidrBlock"] for made in every(templates) if made.title == vpc)
            return str(list(ip_network(whole).subnets(new_prefix=32 - int(bits)))[int(index)])
    return str(block)


def zone_of(subnet: Made) -> str:
    """The letter of a subnet's zone, by the Region's own order."""
    return next("ABCDEF"[int(index)] for index, _ in nodes(subnet.properties["AvailabilityZone"], "Fn::Select"))


def one(templates: Templates, kind: str) -> Made:
    """The only resource of a type, or the first. Raises InputError if there is none."""
    found = every(templates, kind)
    if not found:
        raise InputError(f"no template makes an {kind}, which the pictures show: mend retail/ops/docs")
    return found[0]


def behind(templates: Templates, tree: Any) -> list[Made]:
    """The resources that a tree refers to, in its own template or by what another exports."""
    titles = pointed(tree)
    for name in imports(tree):
        for template in templates.values():
            titles += [
                target(output["Value"])
                for output in template.get("Outputs", {}).values()
                if "Export" in output and house_name(output["Export"]["Name"]) == name
            ]
    return [made for title in dict.fromkeys(titles) for made in every(templates) if made.title == title]
