"""Zones, ports, and security groups whose rules are resources of their own, so that two may name each other (T56)."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt
from troposphere.ec2 import SecurityGroup, SecurityGroupEgress, SecurityGroupIngress, SecurityGroupRule

ZONE_LETTERS = "ABC"

DATABASE_PORT = 5432
CACHE_PORT = 6379
CACHE_READER_PORT = 6380
WAREHOUSE_PORT = 5439

NO_EGRESS = [
    SecurityGroupRule(IpProtocol="-1", CidrIp="127.0.0.1/32", Description="Nothing leaves but by the rules beside this")
]
"""A group without an egress rule may send anything; one that leads nowhere closes it (T57)."""


def security_group(title: str, vpc_id: Any, description: str, tags: Any) -> SecurityGroup:
    """A group that hears nobody and reaches nobody.

    Its description is for ever: to change it replaces the group, whose id other stacks import (T7).
    """
    return SecurityGroup(title, GroupDescription=description, VpcId=vpc_id, SecurityGroupEgress=NO_EGRESS, Tags=tags)


def path(source: SecurityGroup, target: SecurityGroup, port: int, to_port: int | None = None) -> list[Any]:
    """Let one group reach another on a TCP port or a range: the egress rule of one, the ingress rule of the other."""
    last = to_port or port
    name = f"{source.title.removesuffix('SecurityGroup')}To{target.title.removesuffix('SecurityGroup')}"
    ports: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": last}
    return [
        SecurityGroupEgress(
            f"{name}Egress",
            GroupId=GetAtt(source, "GroupId"),
            DestinationSecurityGroupId=GetAtt(target, "GroupId"),
            Description=f"To {target.title}",
            **ports,
        ),
        SecurityGroupIngress(
            f"{name}Ingress",
            GroupId=GetAtt(target, "GroupId"),
            SourceSecurityGroupId=GetAtt(source, "GroupId"),
            Description=f"From {source.title}",
            **ports,
        ),
    ]


def https_out(source: SecurityGroup, why: str) -> SecurityGroupEgress:
    """Let a group reach HTTPS anywhere that its subnets' routes lead."""
    name = source.title.removesuffix("SecurityGroup")
    return SecurityGroupEgress(
        f"{name}ToHttpsEgress",
        GroupId=GetAtt(source, "GroupId"),
        IpProtocol="tcp",
        FromPort=443,
        ToPort=443,
        CidrIp="0.0.0.0/0",
        Description=why,
    )
