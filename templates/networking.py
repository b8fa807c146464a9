"""01 Networking: one VPC in three zones; public, application and data tiers; a way out for the application tier
only, and a log of every flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from troposphere import Cidr, GetAtt, GetAZs, Ref, Select, Sub
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
from retail.blocks.network import NO_EGRESS
from retail.config import Config
from retail.stack import Stack, Value, either

ZONE_LETTERS = "ABC"
ZONES = "Zones"
FEATURES = "Features"

INTERFACE_SERVICES = ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "sqs", "events")


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
    key_arn, has_key = stack.optional(
        "FlowLogsKmsKeyArn",
        group=FEATURES,
        label="Key of the flow logs",
        pattern=r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[a-z0-9-]+",
        Description="ARN of the platform's key, which the security stack makes; given when this stack is deployed again.",
    )
    has_interface_endpoints = stack.switch(
        "InterfaceEndpoints",
        default=False,
        group=FEATURES,
        label="More interface endpoints",
        Description="Reach ECR, CloudWatch Logs, Secrets Manager, SQS and EventBridge without the NAT gateways, for a "
        "price per zone and hour.",
    )

    vpc = stack.add_resource(
        VPC(
            "Vpc",
            CidrBlock=config.vpc_cidr,
            EnableDnsSupport=True,
            EnableDnsHostnames=True,
            Tags=stack.tags("vpc"),
        )
    )
    gateway = stack.add_resource(InternetGateway("InternetGateway", Tags=stack.tags("internet-gateway")))
    attachment = stack.add_resource(
        VPCGatewayAttachment("InternetGatewayAttachment", VpcId=Ref(vpc), InternetGatewayId=Ref(gateway))
    )

    wanted = config.public_subnets + config.app_subnets + config.data_subnets
    blocks = Cidr(GetAtt(vpc, "CidrBlock"), wanted, 32 - config.subnet_prefix)

    def subnets(tier: str, number: int, first_block: int) -> list[Subnet]:
        return [
            Subnet(
                f"{tier}Subnet{ZONE_LETTERS[index]}",
                VpcId=Ref(vpc),
                AvailabilityZone=zones[index],
                CidrBlock=Select(first_block + index, blocks),
                MapPublicIpOnLaunch=False,
                Tags=stack.tags(f"{tier.lower()}-{ZONE_LETTERS[index].lower()}"),
            )
            for index in range(number)
        ]

    public = stack.add_resource(subnets("Public", config.public_subnets, 0))
    app = stack.add_resource(subnets("App", config.app_subnets, config.public_subnets))
    data = stack.add_resource(subnets("Data", config.data_subnets, config.public_subnets + config.app_subnets))

    def route_table(title: str, members: list[Subnet]) -> RouteTable:
        name = title.removesuffix("RouteTable").lower()
        table = stack.add_resource(RouteTable(title, VpcId=Ref(vpc), Tags=stack.tags(f"{name}-routes")))
        for subnet in members:
            stack.add_resource(
                SubnetRouteTableAssociation(
                    f"{subnet.title}RouteTableAssociation", SubnetId=Ref(subnet), RouteTableId=Ref(table)
                )
            )
        return table

    # The route waits for the gateway's attachment, which it does not mention (T23).
    public_routes = route_table("PublicRouteTable", public)
    stack.add_resource(
        Route(
            "PublicDefaultRoute",
            RouteTableId=Ref(public_routes),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=Ref(gateway),
            DependsOn=attachment.title,
        )
    )

    # One NAT gateway for each application zone: a zone that fails takes only its own way out with it.
    nat_gateways = []
    app_routes = []
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
        table = route_table(f"App{letter}RouteTable", [inside])
        stack.add_resource(
            Route(
                f"App{letter}DefaultRoute",
                RouteTableId=Ref(table),
                DestinationCidrBlock="0.0.0.0/0",
                NatGatewayId=Ref(nat),
            )
        )
        nat_gateways.append(nat)
        app_routes.append(table)

    # No default route: the data tier has no way out but the gateway endpoints.
    data_routes = route_table("DataRouteTable", data)

    for service in ("S3", "DynamoDB"):
        stack.add_resource(
            VPCEndpoint(
                f"{service}Endpoint",
                VpcEndpointType="Gateway",
                ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service.lower()}"),
                VpcId=Ref(vpc),
                RouteTableIds=[Ref(table) for table in (*app_routes, data_routes)],
                Tags=stack.tags(f"{service.lower()}-endpoint"),
            )
        )

    endpoint_group = stack.add_resource(
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

    def interface_endpoint(title: str, service: str, places: list[Subnet]) -> VPCEndpoint:
        return VPCEndpoint(
            title,
            VpcEndpointType="Interface",
            ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
            VpcId=Ref(vpc),
            SubnetIds=[Ref(subnet) for subnet in places],
            SecurityGroupIds=[Ref(endpoint_group)],
            PrivateDnsEnabled=True,
            Tags=stack.tags(f"{service.replace('.', '-')}-endpoint"),
        )

    # With enhanced VPC routing Redshift asks the Glue catalog from the isolated subnets (T30). One zone is enough
    # for a catalog, and each further one costs as much again.
    stack.add_resource(interface_endpoint("GlueEndpoint", "glue", data[:1]))
    with stack.when(has_interface_endpoints):
        for service in INTERFACE_SERVICES:
            title = "".join(word.capitalize() for word in service.split("."))
            stack.add_resource(interface_endpoint(f"{title}Endpoint", service, app))

    flow_logs = stack.add_resource(
        logs.log_group("FlowLogs", key_arn=either(has_key, key_arn), retention_days=config.log_retention_days)
    )
    writer = stack.add_resource(
        policies.role(
            "FlowLogsRole",
            "vpc-flow-logs",
            policies.may_write_logs(GetAtt(flow_logs, "Arn")),
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
            LogGroupName=Ref(flow_logs),
            DeliverLogsPermissionArn=GetAtt(writer, "Arn"),
            MaxAggregationInterval=600,
            Tags=stack.tags("flow-log"),
        )
    )

    return stack, stack.export(
        Networking,
        vpc_id=Ref(vpc),
        public_subnet_ids=[Ref(subnet) for subnet in public],
        app_subnet_ids=[Ref(subnet) for subnet in app],
        data_subnet_ids=[Ref(subnet) for subnet in data],
        nat_gateway_ids=[Ref(nat) for nat in nat_gateways],
    )


def availability_zones(stack: Stack) -> list[Value]:
    """The zones to use: the Region's first three, or those given, as a service may lack a zone (T25)."""
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
