"""The security groups: who may speak to whom, and on which port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from retail.ops.docs.facts import Templates, every, target
from retail.ops.docs.svg import Picture
from retail.ops.docs.wires import Party, Wire, columns, head, lanes, rows

GROUP = "SecurityGroup"


def draw(drawn: Picture, y: int, templates: Templates, wide: int) -> int:
    """The groups as columns, each rule as an arrow; gives where they end."""
    drawn.text(16, y + 16, "Security groups: who may speak to whom; what is not drawn is refused", size=14, bold=True)
    wires = list(spoken(templates))
    numbers = {each.title.removesuffix(GROUP): each.number for each in every(templates, f"AWS::EC2::{GROUP}")}
    names = list(dict.fromkeys([*(name for wire in wires for name in (wire.start, *wire.ends)), *numbers]))
    names.sort(key=lambda name: _depth(name, wires))
    wires.sort(key=lambda wire: names.index(wire.start))
    parties = [
        Party(name, "compute", f"group of {numbers[name]}") if name in numbers else Party(name, "net") for name in names
    ]
    middles = columns(112, wide - 120, parties)
    top = head(drawn, y + 28, 112, wide - 120, parties)
    end = rows(drawn, top, "Port", wires, parties, middles)
    lanes(drawn, top, end + 8, middles)
    return end + 8


def _depth(name: str, wires: list[Wire], seen: tuple[str, ...] = ()) -> int:
    """How many speak before, so that arrows lead to the right; a circle ends where it began."""
    before = [wire.start for wire in wires if name in wire.ends and wire.start not in (*seen, name)]
    return max((_depth(each, wires, (*seen, name)) + 1 for each in before), default=0)


def spoken(templates: Templates) -> Iterator[Wire]:
    """Each pair that rules let speak, by both sides' rules; dashed where the other side's rule is missing."""
    sides: dict[tuple[str, str, str], set[str]] = {}
    for group, rule, inward in _rules(templates):
        other = _peer(rule)
        if rule.get("CidrIp") != "127.0.0.1/32":
            pair = (other, group) if inward else (group, other)
            sides.setdefault((*pair, _port(rule)), set()).add("in" if inward else "out")
    groups = {group.title.removesuffix(GROUP) for group in every(templates, f"AWS::EC2::{GROUP}")}
    for (start, end, port), seen in sides.items():
        both = len(seen) == 2 or not {start, end} <= groups
        yield Wire(port, start, (end,), dashed=not both, note="" if both else "one side only")


def _rules(templates: Templates) -> Iterator[tuple[str, Any, bool]]:
    """The group, the rule, and whether it lets in."""
    for group in every(templates, f"AWS::EC2::{GROUP}"):
        for key in ("Ingress", "Egress"):
            for rule in group.properties.get(f"{GROUP}{key}", []):
                yield group.title.removesuffix(GROUP), rule, key == "Ingress"
    for made in every(templates, f"AWS::EC2::{GROUP}Ingress", f"AWS::EC2::{GROUP}Egress"):
        yield target(made.properties["GroupId"]).removesuffix(GROUP), made.properties, made.type.endswith("Ingress")


def _peer(rule: Any) -> str:
    for key in (f"Source{GROUP}Id", f"Destination{GROUP}Id"):
        if key in rule:
            return target(rule[key]).removesuffix(GROUP)
    for key in ("SourcePrefixListId", "DestinationPrefixListId"):
        if key in rule:
            return target(rule[key]).removesuffix("PrefixListId")
    cidr = rule.get("CidrIp") or rule.get("CidrIpv6")
    return f"all of {target(cidr)}" if isinstance(cidr, dict) else str(cidr)


def _port(rule: Any) -> str:
    low, high = rule.get("FromPort"), rule.get("ToPort")
    ports = "" if low is None else f" {low}" if low == high else f" {low} to {high}"
    return f"{'all' if rule['IpProtocol'] == '-1' else str(rule['IpProtocol']).upper()}{ports}"
