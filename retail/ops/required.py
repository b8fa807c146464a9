"""What a deployment asks of AWS before it touches the first stack; `make preflight` asks for more."""

from __future__ import annotations

from collections.abc import Iterable

from retail.ops import stacks
from retail.ops.cli import CliError, InputError, ask
from retail.ops.stacks import Stack

PREFIX_LIST = "com.amazonaws.global.cloudfront.origin-facing"


def check_zone(domain: str, zone: str, region: str) -> None:
    """Raises InputError for a zone that ACM cannot use: the stack would wait for 72 hours (T83)."""
    try:
        found = ask("route53", "get-hosted-zone", "--id", zone, region=region)["HostedZone"]
    except CliError as error:
        raise InputError(f"--hosted-zone {zone}: {error}; see aws route53 list-hosted-zones") from None
    name = found["Name"].rstrip(".")
    if found.get("Config", {}).get("PrivateZone"):
        raise InputError(f"--hosted-zone {zone}: this is the private zone of {name}; give the public one")
    if domain != name and not domain.endswith(f".{name}"):
        raise InputError(f"--domain {domain}: zone {zone} is that of {name}; give a name in it, or the other zone")


def prefix_list(region: str) -> str:
    """The id of CloudFront's prefix list, which CloudFormation cannot look up (T59). Raises InputError."""
    filters = f"Name=prefix-list-name,Values={PREFIX_LIST}"
    found = ask("ec2", "describe-managed-prefix-lists", "--filters", filters, region=region)["PrefixLists"]
    if not found:
        raise InputError(f"--region {region}: it has no prefix list {PREFIX_LIST}; --set CloudFrontPrefixListId=pl-...")
    return str(found[0]["PrefixListId"])


def check_predecessors(number: str, imported: set[str], platform: Iterable[Stack]) -> None:
    """Raises InputError when a stack that is deployed alone imports from one that is not there."""
    for stack in platform:
        if stack.title not in imported:
            continue
        state = stacks.describe(stack)
        if state is None or state.status in stacks.NEVER_MADE:
            there = f"is {state.status}" if state else "is not there"
            raise InputError(
                f"--only {number}: it imports from {stack.name}, which {there}; deploy {stack.number} first"
            )
