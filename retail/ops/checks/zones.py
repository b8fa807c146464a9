"""The availability zones that the subnets would stand in: a subnet cannot move later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from retail.ops.checks.finding import FINE, MISSING, Finding, Place

NAMES = ("ZoneA", "ZoneB", "ZoneC")
"""The parameters of 01."""

UNFIT = {"use1-az3": "Fargate runs nothing on ARM there"}
"""By a zone's id, which is the same in every account, unlike its name; from Fargate's guide."""


def zones(place: Place, given: Mapping[str, str]) -> Iterator[Finding]:
    """Whether all that stands in a zone can be made in the three: those given, else the Region's first (T24, T25).

    Where some zones have a default subnet, CloudFormation (Fn::GetAZs) counts no others.
    """
    ec2 = place.client("ec2")
    told = ec2.describe_availability_zones(
        Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    )["AvailabilityZones"]
    ids = {zone["ZoneName"]: zone["ZoneId"] for zone in sorted(told, key=lambda zone: zone["ZoneName"])}
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    usual = {subnet["AvailabilityZone"] for subnet in subnets} or ids.keys()
    counted = [zone for zone in ids if zone in usual]
    chosen = [given[name] for name in NAMES if given.get(name, "none") != "none"] or counted[: len(NAMES)]
    wrong = {zone: "is no zone here" if zone not in ids else UNFIT.get(ids[zone], "") for zone in chosen}
    objections = [f"{zone} ({ids.get(zone, 'unknown')}): {why}" for zone, why in wrong.items() if why]
    if len(chosen) < len(NAMES):
        where = " with a default subnet" if len(counted) < len(ids) else ""
        objections.append(f"there are {len(chosen)}{where}, and three are wanted")
    if not objections:
        yield Finding(FINE, "zones", ", ".join(f"{zone} ({ids[zone]})" for zone in chosen))
        return
    fit = [zone for zone in ids if ids[zone] not in UNFIT]
    asked = " ".join(f"{name}={zone}" for name, zone in zip(NAMES, fit, strict=False))
    mend = f'make deploy ENV={place.environment} SET="{asked}"' if fit[2:] else "choose a Region with three zones"
    yield Finding(MISSING, "zones", "; ".join(objections), mend)
