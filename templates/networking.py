"""01 Networking: one VPC in three zones; public, application and data tiers; a way out for the application tier
only, and a log of every flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Annotated

from troposphere import And, Cidr, Equals, GetAtt, GetAZs, Not, Or, Ref, Select, Sub
from troposphere.ec2 import (
    EIP,
    VPC,
    FlowLog,
    InternetGateway,
    NatGateway,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    SubnetRouteTableAssociation,
    VPCEndpoint,
    VPCGatewayAttachment,
)

from retail import policies
from retail.blocks import logs
from retail.blocks.network import NO_EGRESS, ZONE_LETTERS
from retail.config import Config
from retail.stack import NONE, Stack, Value, either

ZONES = "Zones"
FEATURES = "Features"

INTERFACE_SERVICES = {
    "EcrApi": "ecr.api",
    "EcrDkr": "ecr.dkr",
    "Logs": "logs",
    "SecretsManager": "secretsmanager",
    "Sqs": "sqs",
    "Events": "events",
}


@dataclass(frozen=True, kw_only=True)
class Networking:
    """What this stack hands to later ones."""

    vpc_id: Annotated[Value, "The VPC that every later stack lives in."]
    public_subnet_ids: Annotated[Value, "Where the load balancer and the NAT gateways stand."]
    app_subnet_ids: Annotated[Value, "Private subnets for containers and functions."]
    data_subnet_ids: Annotated[Value, "Isolated subnets for database, cache and warehouse, in three zones."]
    nat_gateway_ids: Annotated[Value, "The NAT gateways, whose alarms stand in the security stack."]


def build(config: Config) -> tuple[Stack, Networking]:
    """Build the networking stack; it depends on none."""
    stack = Stack(1, "networking", __doc__ or "")
    zones = availability_zones(stack)
    vpc = stack.add_resource(
        VPC(
            "Vpc",
            CidrBlock=config.vpc_cidr,
            EnableDnsSupport=True,
            EnableDnsHostnames=True,
            Tags=stack.tags("vpc"),
        )
    )
    public, app, data = subnets(stack, config, vpc, zones)
    attachment = way_in(stack, vpc, public)
    nat_gateways, app_routes = ways_out(stack, vpc, app, public, attachment)
    # No default route: the data tier has no way out but the gateway endpoints.
    data_routes = route_table(stack, "DataRouteTable", vpc, data)
    gateway_endpoints(stack, vpc, [*app_routes, data_routes])
    interface_endpoints(stack, vpc, app, data)
    flow_logs(stack, config, vpc)

    return stack, stack.export(
        Networking,
        vpc_id=Ref(vpc),
        public_subnet_ids=[Ref(subnet) for subnet in public],
        app_subnet_ids=[Ref(subnet) for subnet in app],
        data_subnet_ids=[Ref(subnet) for subnet in data],
        nat_gateway_ids=[Ref(nat) for nat in nat_gateways],
    )


def availability_zones(stack: Stack) -> list[Value]:
    """The zones to use: the Region's first three, or the three given, as a service may lack a zone (T25)."""
    parameters = [f"Zone{letter}" for letter in ZONE_LETTERS]
    stack.add_rule(
        "ZonesGivenTogether",
        {
            "Assertions": [
                {
                    "Assert": Or(
                        And(*[Equals(Ref(title), NONE) for title in parameters]),
                        Not(Or(*[Equals(Ref(title), NONE) for title in parameters])),
                    ),
                    "AssertDescription": "Give all three zones or none: one alone may be another's default.",
                }
            ]
        },
    )
    chosen = []
    for index, letter in enumerate(ZONE_LETTERS):
        name, is_given = stack.optional(
            f"Zone{letter}",
            group=ZONES,
            label=f"Zone {letter}",
            pattern=r"[a-z]{2}(-[a-z]+)+-\d[a-z]",
            Description=f"Name of the availability zone to use as zone {letter}, if not the Region's own order.",
        )
        chosen.append(either(is_given, name, Select(index, GetAZs())))
    return chosen


def subnets(stack: Stack, config: Config, vpc: VPC, zones: list[Value]) -> list[list[Subnet]]:
    """The three tiers: public, application, data; each subnet of a tier in another zone."""
    sizes = {"Public": config.public_subnets, "App": config.app_subnets, "Data": config.data_subnets}
    blocks = Cidr(GetAtt(vpc, "CidrBlock"), sum(sizes.values()), 32 - config.subnet_prefix)
    number = count()
    return [
        stack.add_resource(
            [
                Subnet(
                    f"{tier}Subnet{letter}",
                    VpcId=Ref(vpc),
                    AvailabilityZone=zone,
                    CidrBlock=Select(next(number), blocks),
                    MapPublicIpOnLaunch=False,
                    Tags=stack.tags(f"{tier.lower()}-{letter.lower()}"),
                )
                for letter, zone in list(zip(ZONE_LETTERS, zones, strict=True))[:size]
            ]
        )
        for tier, size in sizes.items()
    ]


def route_table(stack: Stack, title: str, vpc: VPC, members: list[Subnet]) -> RouteTable:
    """A route table for some subnets."""
    name = title.removesuffix("RouteTable").lower()
    table = stack.add_resource(RouteTable(title, VpcId=Ref(vpc), Tags=stack.tags(f"{name}-routes")))
    for subnet in members:
        stack.add_resource(
            SubnetRouteTableAssociation(
                f"{subnet.title}RouteTableAssociation", SubnetId=Ref(subnet), RouteTableId=Ref(table)
            )
        )
    return table


def way_in(stack: Stack, vpc: VPC, public: list[Subnet]) -> VPCGatewayAttachment:
    """The internet gateway, for the public subnets only."""
    gateway = stack.add_resource(InternetGateway("InternetGateway", Tags=stack.tags("internet-gateway")))
    attachment = stack.add_resource(
        VPCGatewayAttachment("InternetGatewayAttachment", VpcId=Ref(vpc), InternetGatewayId=Ref(gateway))
    )
    # The route waits for the gateway's attachment, which it does not mention (T23).
    stack.add_resource(
        Route(
            "PublicDefaultRoute",
            RouteTableId=Ref(route_table(stack, "PublicRouteTable", vpc, public)),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=Ref(gateway),
            DependsOn=attachment.title,
        )
    )
    return attachment


def ways_out(
    stack: Stack, vpc: VPC, app: list[Subnet], public: list[Subnet], attachment: VPCGatewayAttachment
) -> tuple[list[NatGateway], list[RouteTable]]:
    """One NAT gateway for each application zone: a zone that fails takes only its own way out with it."""
    nat_gateways, tables = [], []
    for letter, inside, outside in zip(ZONE_LETTERS, app, public, strict=False):
        address = stack.add_resource(
            EIP(
                f"NatAddress{letter}",
                Domain="vpc",
                Tags=stack.tags(f"nat-{letter.lower()}"),
                DependsOn=attachment.title,
            )
        )
        nat = stack.add_resource(
            NatGateway(
                f"NatGateway{letter}",
                AllocationId=GetAtt(address, "AllocationId"),
                SubnetId=Ref(outside),
                Tags=stack.tags(f"nat-{letter.lower()}"),
            )
        )
        table = route_table(stack, f"App{letter}RouteTable", vpc, [inside])
        stack.add_resource(
            Route(
                f"App{letter}DefaultRoute",
                RouteTableId=Ref(table),
                DestinationCidrBlock="0.0.0.0/0",
                NatGatewayId=Ref(nat),
            )
        )
        nat_gateways.append(nat)
        tables.append(table)
    return nat_gateways, tables


def gateway_endpoints(stack: Stack, vpc: VPC, tables: list[RouteTable]) -> None:
    """S3 and DynamoDB without NAT and without charge, from the application tier and the data tier (T29)."""
    for service in ("S3", "DynamoDB"):
        stack.add_resource(
            VPCEndpoint(
                f"{service}Endpoint",
                VpcEndpointType="Gateway",
                ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service.lower()}"),
                VpcId=Ref(vpc),
                RouteTableIds=[Ref(table) for table in tables],
                Tags=stack.tags(f"{service.lower()}-endpoint"),
            )
        )


def interface_endpoints(stack: Stack, vpc: VPC, app: list[Subnet], data: list[Subnet]) -> None:
    """The Glue catalog for Redshift; and, if wanted, what the application tier calls most."""
    has_more = stack.switch(
        "InterfaceEndpoints",
        default=False,
        group=FEATURES,
        label="More interface endpoints",
        Description="Reach ECR, CloudWatch Logs, Secrets Manager, SQS and EventBridge without the NAT gateways, for a "
        "price per zone and hour.",
    )
    group = stack.add_resource(
        SecurityGroup(
            "EndpointSecurityGroup",
            GroupDescription="Interface endpoints: HTTPS from inside the VPC",
            VpcId=Ref(vpc),
            SecurityGroupIngress=[
                SecurityGroupRule(
                    IpProtocol="tcp",
                    FromPort=443,
                    ToPort=443,
                    CidrIp=GetAtt(vpc, "CidrBlock"),
                    Description="HTTPS from inside the VPC",
                )
            ],
            SecurityGroupEgress=NO_EGRESS,
            Tags=stack.tags("endpoints"),
        )
    )

    def endpoint(title: str, service: str, places: list[Subnet]) -> VPCEndpoint:
        return VPCEndpoint(
            f"{title}Endpoint",
            VpcEndpointType="Interface",
            ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
            VpcId=Ref(vpc),
            SubnetIds=[Ref(subnet) for subnet in places],
            SecurityGroupIds=[Ref(group)],
            PrivateDnsEnabled=True,
            Tags=stack.tags(f"{service.replace('.', '-')}-endpoint"),
        )

    # With enhanced VPC routing Redshift asks the catalog from the isolated subnets (T30). One zone is enough for a
    # catalog, and each further one costs as much again.
    stack.add_resource(endpoint("Glue", "glue", data[:1]))
    with stack.when(has_more):
        stack.add_resource([endpoint(title, service, app) for title, service in INTERFACE_SERVICES.items()])


def flow_logs(stack: Stack, config: Config, vpc: VPC) -> None:
    """All traffic of the VPC, accepted and refused; under the key from the second deployment on (T200)."""
    key_arn, has_key = stack.optional(
        "FlowLogsKmsKeyArn",
        group=FEATURES,
        label="Key of the flow logs",
        pattern=r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[a-z0-9-]+",
        Description="ARN of the platform's key, which the security stack makes; given when this one is deployed again.",
    )
    group = stack.add_resource(
        logs.log_group("FlowLogs", key_arn=either(has_key, key_arn), retention_days=config.log_retention_days)
    )
    writer = stack.add_resource(
        policies.role(
            "FlowLogsRole",
            "vpc-flow-logs",
            policies.may_write_flow_logs(GetAtt(group, "Arn")),
            description="Writes the flow logs of the VPC.",
        )
    )
    stack.add_resource(
        FlowLog(
            "VpcFlowLog",
            ResourceType="VPC",
            ResourceId=Ref(vpc),
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogGroupName=Ref(group),
            DeliverLogsPermissionArn=GetAtt(writer, "Arn"),
            MaxAggregationInterval=600,
            Tags=stack.tags("flow-log"),
        )
    )
