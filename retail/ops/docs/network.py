"""The picture of the network: zones, tiers and ways out; below it the security groups."""

from __future__ import annotations

from retail.ops.docs import groups
from retail.ops.docs.facts import Made, Templates, every, house_name, imports, network_of, pointed, target, zone_of
from retail.ops.docs.svg import Picture

WIDE = 960
CELL, GAP, MARGIN = 294, 12, 27
KINDS = {"public": "edge", "application": "compute", "isolated": "store"}


def picture(templates: Templates) -> str:
    """The plan, and the table of security groups."""
    drawn = Picture(
        WIDE,
        "The network plan",
        "The VPC with its zones as columns and its tiers as rows: each subnet with its address range, what stands in "
        "it, and its way out. Below, each security group as a column and each rule that lets one speak to another as "
        "an arrow with its port.",
    )
    y = _plan(drawn, templates)
    y = groups.draw(drawn, y + 18, templates, WIDE)
    return drawn.done(y + 18)


def tiers(templates: Templates) -> dict[str, list[Made]]:
    """The subnets by their way out: public by the internet gateway, application by a NAT gateway, isolated by none."""
    found: dict[str, list[Made]] = {name: [] for name in KINDS}
    for subnet in every(templates, "AWS::EC2::Subnet"):
        way = way_out(templates, subnet)
        found["isolated" if way is None else "application" if "NatGatewayId" in way.properties else "public"].append(
            subnet
        )
    return found


def table_of(templates: Templates, subnet: Made) -> str:
    """The route table of a subnet."""
    for link in every(templates, "AWS::EC2::SubnetRouteTableAssociation"):
        if target(link.properties["SubnetId"]) == subnet.title:
            return target(link.properties["RouteTableId"])
    return ""


def way_out(templates: Templates, subnet: Made) -> Made | None:
    """A subnet's default route, if it has one."""
    table = table_of(templates, subnet)
    for route in every(templates, "AWS::EC2::Route"):
        if (
            target(route.properties["RouteTableId"]) == table
            and route.properties["DestinationCidrBlock"] == "0.0.0.0/0"
        ):
            return route
    return None


def tenants(templates: Templates, subnets: list[Made]) -> list[str]:
    """What stands in all subnets of a tier, by the import of their list."""
    titles = [subnet.title for subnet in subnets]
    lists = {
        house_name(output["Export"]["Name"])
        for template in templates.values()
        for output in template.get("Outputs", {}).values()
        if "Export" in output and pointed(output["Value"]) == titles
    }
    found = []
    for made in every(templates):
        if lists & set(imports(made.properties)):
            users = [user for user in every(templates) if user.stack == made.stack and _uses(user, made)]
            found += [f"{user.title} ({user.number})" for user in (users or [made])]
    return found


def _uses(user: Made, made: Made) -> bool:
    return made.type == "AWS::RDS::DBSubnetGroup" and made.title in pointed(user.properties)


def _plan(drawn: Picture, templates: Templates) -> int:
    vpc = every(templates, "AWS::EC2::VPC")[0]
    found = tiers(templates)
    zones = sorted({zone_of(subnet) for subnets in found.values() for subnet in subnets})
    left = {zone: MARGIN + (CELL + GAP) * index for index, zone in enumerate(zones)}
    gateway = every(templates, "AWS::EC2::InternetGateway")[0]
    drawn.text(WIDE // 2, 26, "Internet", bold=True, at="middle")
    drawn.line([(WIDE // 2, 64), (WIDE // 2, 34)])
    drawn.box(WIDE // 2 - 90, 64, 180, 28, "net")
    drawn.text(WIDE // 2, 83, gateway.title, size=12, bold=True, at="middle")
    drawn.text(16, 98, f"{vpc.title} {vpc.properties['CidrBlock']}", size=14, bold=True)
    y = top = 106
    for zone in zones:
        drawn.text(left[zone] + CELL // 2, y + 20, f"Zone {zone}", kind="soft", size=12, bold=True, at="middle")
    y += 30
    for tier, subnets in found.items():
        y = _tier(drawn, y, tier, subnets, left, templates) + 14
    y = _endpoints(drawn, y, templates)
    conditions = {made.condition for made in every(templates, "AWS::EC2::VPCEndpoint") if made.condition}
    for condition in sorted(conditions):
        drawn.text(MARGIN, y + 12, f"Dashed: only where {condition} holds.", kind="soft", size=12)
        y += 22
    drawn.box(10, top, WIDE - 20, y - top, "panel", under=True)
    return y


def _tier(drawn: Picture, y: int, tier: str, subnets: list[Made], left: dict[str, int], templates: Templates) -> int:
    drawn.text(MARGIN, y + 14, f"{tier.capitalize()} tier", bold=True)
    drawn.text(WIDE - MARGIN, y + 14, _tier_way(templates, subnets), kind="soft", size=12, at="end")
    y += 22
    inside = {subnet.title: _inside(templates, subnet) for subnet in subnets}
    high = 52 + 20 * max(map(len, inside.values()), default=0)
    for subnet in subnets:
        x = left[zone_of(subnet)]
        drawn.box(x, y, CELL, high, KINDS[tier])
        drawn.text(x + 12, y + 20, subnet.title, bold=True)
        drawn.text(x + CELL - 12, y + 20, network_of(templates, subnet.properties["CidrBlock"]), size=12, at="end")
        drawn.text(x + 12, y + 38, table_of(templates, subnet), kind="soft", size=11)
        for row, (name, optional) in enumerate(inside[subnet.title]):
            drawn.box(x + 12, y + 46 + 20 * row, CELL - 24, 18, "net", optional=optional)
            drawn.text(x + 20, y + 59 + 20 * row, name, size=11)
    y += high + 6
    names = tenants(templates, subnets)
    if names:
        spread = [left[zone_of(subnet)] for subnet in subnets]
        drawn.box(min(spread), y, max(spread) + CELL - min(spread), 28, KINDS[tier])
        drawn.text(min(spread) + 12, y + 19, ", ".join(names), size=12, bold=True)
        y += 28
    return y


def _tier_way(templates: Templates, subnets: list[Made]) -> str:
    ways = [way_out(templates, subnet) for subnet in subnets]
    out = [target(way.properties.get("GatewayId") or way.properties.get("NatGatewayId")) for way in ways if way]
    return f"way out: {', '.join(dict.fromkeys(out))}" if out else "no way out"


def _inside(templates: Templates, subnet: Made) -> list[tuple[str, bool]]:
    kinds = ("AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint")
    return [
        (", ".join([made.title, *pointed(made.properties.get("AllocationId"))]), bool(made.condition))
        for made in every(templates, *kinds)
        if subnet.title in pointed([made.properties.get("SubnetId"), made.properties.get("SubnetIds")])
    ]


def _endpoints(drawn: Picture, y: int, templates: Templates) -> int:
    drawn.text(MARGIN, y + 14, "Gateway endpoints", bold=True)
    y += 22
    for made in every(templates, "AWS::EC2::VPCEndpoint"):
        if made.properties["VpcEndpointType"] == "Gateway":
            drawn.box(MARGIN, y, WIDE - 2 * MARGIN, 26, "net")
            drawn.text(MARGIN + 12, y + 18, made.title, size=12, bold=True)
            tables = ", ".join(pointed(made.properties["RouteTableIds"]))
            drawn.text(WIDE - MARGIN - 12, y + 18, f"in {tables}", kind="soft", size=12, at="end")
            y += 32
    return y + 4
