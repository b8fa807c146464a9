"""The hosted zone: public, the shop's, and delegated to by the zone above it, or certificates wait for ever (T83).

And its names: CloudFormation replaces no record that it has not made.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import dns.exception
import dns.resolver
from botocore.exceptions import ClientError

from retail.ops.checks.finding import FINE, MISSING, UNKNOWN, Finding, Place, is_missing
from retail.ops.cli import InputError

TIMEOUT_SECONDS = 8
ADDRESSES = ("A", "AAAA", "CNAME")
"""Beside any of these there is no room for the alias that 03 makes."""


def resolver(address: str) -> dns.resolver.Resolver:
    """This machine's resolver, or the one at ``host:port``. Raises InputError for what is no address."""
    if not address:
        found = dns.resolver.Resolver()
    else:
        host, _, port = address.partition(":")
        found = dns.resolver.Resolver(configure=False)
        try:
            found.nameservers = [host]
            found.port = int(port or 53)
        except ValueError:
            raise InputError(f"--resolver {address}: give an address and a port, such as 10.0.0.2:53") from None
    found.lifetime = TIMEOUT_SECONDS
    return found


def hosted_zone(place: Place, domain: str, zone: str, asked: dns.resolver.Resolver) -> Iterator[Finding]:
    """The zone as Route 53 has it, and as the world is told of it."""
    subject = f"zone {zone}"
    try:
        found = place.client("route53").get_hosted_zone(Id=zone)
    except ClientError as error:
        if not is_missing(error, "NoSuchHostedZone"):
            raise
        yield Finding(MISSING, subject, "there is no such hosted zone in this account", "aws route53 list-hosted-zones")
        return
    name = found["HostedZone"]["Name"].rstrip(".")
    if found["HostedZone"].get("Config", {}).get("PrivateZone"):
        yield Finding(MISSING, subject, f"it is the private zone of {name}", "aws route53 list-hosted-zones")
        return
    if domain != name and not domain.endswith(f".{name}"):
        yield Finding(MISSING, subject, f"it is that of {name}, and {domain} is not in it", _zones_of(domain))
        return
    yield Finding(FINE, subject, f"the public zone of {name}, which holds {domain}")
    servers = {server.rstrip(".").lower() for server in found["DelegationSet"]["NameServers"]}
    yield delegation(name, servers, asked)


def free_names(place: Place, domain: str, zone: str) -> Iterator[Finding]:
    """Whether the shop's name and its origin's have no addresses yet, for a shop that is not there."""
    route53 = place.client("route53")
    for name in (domain, f"origin.{domain}"):
        listed = route53.list_resource_record_sets(HostedZoneId=zone, StartRecordName=name)["ResourceRecordSets"]
        taken = [each for each in listed if each["Name"].rstrip(".") == name and each["Type"] in ADDRESSES]
        if not taken:
            yield Finding(FINE, f"name {name}", "free")
        else:
            kinds = " and ".join(each["Type"] for each in taken)
            found = f"03 would find it taken ({kinds}); who follows it now follows it no more once it is removed"
            yield Finding(MISSING, f"name {name}", found, _removal(taken, zone))


def _removal(records: list[dict[str, Any]], zone: str) -> str:
    batch = json.dumps({"Changes": [{"Action": "DELETE", "ResourceRecordSet": each} for each in records]})
    return f"aws route53 change-resource-record-sets --hosted-zone-id {zone} --change-batch {shlex.quote(batch)}"


def delegation(name: str, servers: set[str], asked: dns.resolver.Resolver) -> Finding:
    """Whether the world finds the zone at Route 53's servers."""
    subject = f"delegation of {name}"
    mend = f"write these NS records where {name} is registered or its parent zone is kept: {', '.join(sorted(servers))}"
    try:
        answer = asked.resolve(f"{name}.", "NS")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Finding(MISSING, subject, "nobody is told of this zone: there are no NS records for it", mend)
    except dns.resolver.NoNameservers:
        return Finding(MISSING, subject, "the servers that it is delegated to do not answer for it", mend)
    except dns.exception.DNSException as error:
        return Finding(UNKNOWN, subject, f"the resolver does not answer: {' '.join(str(error).split())}")
    told = {str(record.target).rstrip(".").lower() for record in answer}
    if told <= servers:
        return Finding(FINE, subject, f"to {', '.join(sorted(told))}")
    return Finding(MISSING, subject, f"it goes to {', '.join(sorted(told))}, and not to this zone's servers", mend)


def _zones_of(domain: str) -> str:
    return f"aws route53 list-hosted-zones-by-name --dns-name {domain.partition('.')[2]}"
