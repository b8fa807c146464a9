"""What the account may use at once, against what the templates will ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from retail.ops.checks.finding import FINE, MISSING, Finding, Place, safely
from retail.ops.plan.read import Template

FARGATE = ("fargate", "L-3032A538")
LAMBDA = ("lambda", "L-B99A9384")
ADDRESSES = ("ec2", "L-0263D0A3")

UNRESERVED = 100
"""Of Lambda's concurrency, what must be left to functions that reserve none."""


def quotas(place: Place, needed: Needs, is_there: bool) -> Iterator[Finding]:
    """The three that a new account is short of. What a platform that is there has taken is counted as its own."""
    client = place.client("service-quotas")
    yield from safely(
        "quota of fargate", lambda: _against(client, FARGATE, needed.vcpus, "vCPUs on Fargate", place.region)
    )
    yield from safely(
        "quota of lambda", lambda: _against(client, LAMBDA, needed.functions, "functions at once", place.region)
    )

    def addresses() -> Iterator[Finding]:
        taken = len(place.client("ec2").describe_addresses()["Addresses"])
        wanted = max(taken, needed.addresses) if is_there else taken + needed.addresses
        yield from _against(client, ADDRESSES, wanted, f"elastic addresses ({taken} taken)", place.region)

    yield from safely("quota of ec2", addresses)


class Needs:
    """What the templates ask for at their largest."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        every = [each for template in templates.values() for each in template["Resources"].values()]

        def properties(kind: str) -> list[dict[str, Any]]:
            return [each.get("Properties", {}) for each in every if each["Type"] == kind]

        cpu = max(float(each["Cpu"]) for each in properties("AWS::ECS::TaskDefinition")) / 1024
        # While a new version rolls out there are two tasks for one.
        self.vcpus = (
            2
            * cpu
            * max(float(each["MaxCapacity"]) for each in properties("AWS::ApplicationAutoScaling::ScalableTarget"))
        )
        limits = [each.get("ScalingConfig", {}) for each in properties("AWS::Lambda::EventSourceMapping")]
        self.functions = float(UNRESERVED + sum(each.get("MaximumConcurrency", 0) for each in limits))
        self.addresses = len(properties("AWS::EC2::EIP"))


def _against(client: Any, quota: tuple[str, str], needed: float, what: str, region: str) -> Iterator[Finding]:
    service, code = quota
    value = client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]
    found = f"{value:g} {what}, of which {needed:g} may be needed"
    if value >= needed:
        yield Finding(FINE, f"quota of {service}", found)
    else:
        mend = (
            f"aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} "
            f"--desired-value {needed:g} --region {region}"
        )
        yield Finding(MISSING, f"quota of {service}", found, mend)
