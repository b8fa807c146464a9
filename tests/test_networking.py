"""01 Networking: what the narrative promises of the ground that everything stands on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emitted import find, properties, resources, template

STACK = "01-networking"
ZONES = {
    "PublicSubnetA": "A",
    "PublicSubnetB": "B",
    "AppSubnetA": "A",
    "AppSubnetB": "B",
    "DataSubnetA": "A",
    "DataSubnetB": "B",
    "DataSubnetC": "C",
}
DATA_SUBNETS = ("DataSubnetA", "DataSubnetB", "DataSubnetC")
PRIVATE_SUBNETS = ("AppSubnetA", "AppSubnetB", *DATA_SUBNETS)
EVERYWHERE = "0.0.0.0/0"


def _table_of(subnet: str) -> str:
    """The route table that a subnet is associated with."""
    (table,) = [
        resource["Properties"]["RouteTableId"]["Ref"]
        for resource in resources(STACK, "AWS::EC2::SubnetRouteTableAssociation").values()
        if resource["Properties"]["SubnetId"] == {"Ref": subnet}
    ]
    return str(table)


def _routes_of(subnet: str) -> list[dict[str, Any]]:
    """The routes that traffic out of a subnet may take."""
    return [
        resource["Properties"]
        for resource in resources(STACK, "AWS::EC2::Route").values()
        if resource["Properties"]["RouteTableId"] == {"Ref": _table_of(subnet)}
    ]


def _endpoint(service: str) -> dict[str, Any]:
    """The VPC endpoint of an AWS service."""
    (found,) = [
        resource["Properties"]
        for resource in resources(STACK, "AWS::EC2::VPCEndpoint").values()
        if resource["Properties"]["ServiceName"] == {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{service}"}
    ]
    return found


def test_the_vpc_gives_names_to_what_stands_in_it() -> None:
    """T38."""
    vpc = properties(STACK, "Vpc")
    assert (vpc["EnableDnsSupport"], vpc["EnableDnsHostnames"]) == (True, True)


def test_there_are_two_public_two_application_and_three_data_subnets_and_each_has_its_zone() -> None:
    """T24, T25, T27: the Region's own order, unless a parameter names another zone."""
    expected = {
        subnet: {
            "Fn::If": [
                f"HasZone{zone}",
                {"Ref": f"Zone{zone}"},
                {"Fn::Select": ["ABC".index(zone), {"Fn::GetAZs": ""}]},
            ]
        }
        for subnet, zone in ZONES.items()
    }
    subnets = resources(STACK, "AWS::EC2::Subnet")
    assert {name: subnet["Properties"]["AvailabilityZone"] for name, subnet in subnets.items()} == expected


def test_the_three_zones_are_named_together_or_not_at_all() -> None:
    """T24: one alone may be another's default, and Redshift would find two."""
    unnamed = [{"Fn::Equals": [{"Ref": f"Zone{zone}"}, "none"]} for zone in "ABC"]
    (rule,) = template(STACK)["Rules"].values()
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Or": [{"Fn::And": unnamed}, {"Fn::Not": [{"Fn::Or": unnamed}]}]}


@pytest.mark.parametrize("zone", ["A", "B", "C"])
def test_a_zone_can_be_named_but_need_not(zone: str) -> None:
    """T25."""
    condition = template(STACK)["Conditions"][f"HasZone{zone}"]
    assert template(STACK)["Parameters"][f"Zone{zone}"]["Default"] == "none"
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": f"Zone{zone}"}, "none"]}]}


def test_no_two_subnets_share_an_address_and_each_holds_256() -> None:
    """T26: Redshift Serverless takes many."""
    blocks = [subnet["Properties"]["CidrBlock"] for subnet in resources(STACK, "AWS::EC2::Subnet").values()]
    chosen = [block["Fn::Select"][0] for block in blocks]
    assert sorted(chosen) == [0, 1, 2, 3, 4, 5, 6]
    ranges = [block["Fn::Select"][1]["Fn::Cidr"] for block in blocks]
    assert all(cut == [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 7, 8] for cut in ranges)


@pytest.mark.parametrize("subnet", ZONES)
def test_nothing_gets_a_public_address_for_standing_in_a_subnet(subnet: str) -> None:
    assert properties(STACK, subnet).get("MapPublicIpOnLaunch", False) is False


@pytest.mark.parametrize("subnet", DATA_SUBNETS)
def test_the_data_tier_has_no_default_route(subnet: str) -> None:
    """T27: nor any other route than the gateway endpoints'."""
    assert _routes_of(subnet) == []


@pytest.mark.parametrize("subnet", PRIVATE_SUBNETS)
def test_no_private_subnet_has_a_direct_path_to_the_internet(subnet: str) -> None:
    assert not any("GatewayId" in route for route in _routes_of(subnet))
    assert _table_of(subnet) not in (_table_of("PublicSubnetA"), _table_of("PublicSubnetB"))


@pytest.mark.parametrize("zone", ["A", "B"])
def test_application_traffic_leaves_by_the_nat_gateway_of_its_own_zone(zone: str) -> None:
    """T27, T28: so that the loss of one zone leaves the other its way out."""
    (route,) = _routes_of(f"AppSubnet{zone}")
    assert route["DestinationCidrBlock"] == EVERYWHERE
    gateway = properties(STACK, route["NatGatewayId"]["Ref"])
    assert gateway["SubnetId"] == {"Ref": f"PublicSubnet{zone}"}
    assert gateway.get("AvailabilityMode", "zonal") == "zonal"


@pytest.mark.parametrize("subnet", ["PublicSubnetA", "PublicSubnetB"])
def test_the_public_subnets_reach_the_internet(subnet: str) -> None:
    (route,) = _routes_of(subnet)
    assert (route["DestinationCidrBlock"], route["GatewayId"]) == (EVERYWHERE, {"Ref": "InternetGateway"})


@pytest.mark.parametrize("logical_id", ["PublicDefaultRoute", "NatAddressA", "NatAddressB"])
def test_the_internet_gateway_is_attached_before_anything_needs_it(logical_id: str) -> None:
    """T23."""
    assert "InternetGatewayAttachment" in resources(STACK)[logical_id]["DependsOn"]


@pytest.mark.parametrize("service", ["s3", "dynamodb"])
@pytest.mark.parametrize("subnet", PRIVATE_SUBNETS)
def test_s3_and_dynamodb_are_reached_without_a_nat_gateway(service: str, subnet: str) -> None:
    """T29: a data table left out breaks the warehouse without a word."""
    endpoint = _endpoint(service)
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert {"Ref": _table_of(subnet)} in endpoint["RouteTableIds"]


def test_the_s3_endpoint_lets_image_layers_through() -> None:
    """T31: ECR keeps them in a bucket of AWS's own, which a narrower policy would shut out."""
    assert "PolicyDocument" not in _endpoint("s3")


def test_the_warehouse_reaches_the_glue_catalog_without_the_internet() -> None:
    """T30."""
    endpoint = _endpoint("glue")
    assert (endpoint["VpcEndpointType"], endpoint["PrivateDnsEnabled"]) == ("Interface", True)
    assert {subnet["Ref"] for subnet in endpoint["SubnetIds"]} <= set(DATA_SUBNETS)
    assert "Condition" not in resources(STACK)["GlueEndpoint"]


def test_further_interface_endpoints_cost_nothing_until_asked_for() -> None:
    """T32."""
    optional = {
        logical_id: endpoint.get("Condition")
        for logical_id, endpoint in resources(STACK, "AWS::EC2::VPCEndpoint").items()
        if endpoint["Properties"]["VpcEndpointType"] == "Interface" and logical_id != "GlueEndpoint"
    }
    assert set(optional.values()) == {"HasInterfaceEndpoints"}
    assert template(STACK)["Parameters"]["EnableInterfaceEndpoints"]["Default"] == "false"
    wanted = {"Fn::Equals": [{"Ref": "EnableInterfaceEndpoints"}, "true"]}
    assert template(STACK)["Conditions"]["HasInterfaceEndpoints"] == wanted


@pytest.mark.parametrize("service", ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "sqs", "events"])
def test_with_the_further_endpoints_the_application_reaches_each_service_from_both_zones(
    service: str,
) -> None:
    """T32."""
    assert _endpoint(service)["SubnetIds"] == [{"Ref": "AppSubnetA"}, {"Ref": "AppSubnetB"}]


def test_interface_endpoints_hear_https_from_inside_the_vpc_and_nothing_else() -> None:
    """T33: their group is here, as the security stack comes later."""
    (rule,) = properties(STACK, "EndpointSecurityGroup")["SecurityGroupIngress"]
    heard = (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule["CidrIp"])
    assert heard == ("tcp", 443, 443, {"Fn::GetAtt": ["Vpc", "CidrBlock"]})
    groups = [
        endpoint["Properties"]["SecurityGroupIds"]
        for endpoint in resources(STACK, "AWS::EC2::VPCEndpoint").values()
        if endpoint["Properties"]["VpcEndpointType"] == "Interface"
    ]
    assert all(group == [{"Ref": "EndpointSecurityGroup"}] for group in groups)


def test_every_flow_of_the_vpc_is_logged_accepted_or_not() -> None:
    """T34."""
    flow_log = properties(STACK, "VpcFlowLog")
    assert (flow_log["ResourceType"], flow_log["ResourceId"]) == ("VPC", {"Ref": "Vpc"})
    assert (flow_log["TrafficType"], flow_log["LogGroupName"]) == ("ALL", {"Ref": "FlowLogs"})
    assert flow_log["DeliverLogsPermissionArn"] == {"Fn::GetAtt": ["FlowLogsRole", "Arn"]}


def test_the_flow_logs_come_under_the_key_on_the_second_pass() -> None:
    """T35, T200: the key is made by a later stack, so it comes by parameter."""
    key = {"Fn::If": ["HasFlowLogsKmsKeyArn", {"Ref": "FlowLogsKmsKeyArn"}, {"Ref": "AWS::NoValue"}]}
    assert properties(STACK, "FlowLogs")["KmsKeyId"] == key
    assert template(STACK)["Parameters"]["FlowLogsKmsKeyArn"]["Default"] == "none"


def test_the_first_stack_needs_no_other() -> None:
    """T200: an import from a later stack would be a cycle."""
    assert list(find(template(STACK), "Fn::ImportValue")) == []


def test_flow_logs_may_be_written_to_their_own_group_only() -> None:
    """T34."""
    (policy,) = properties(STACK, "FlowLogsRole")["Policies"]
    (granted,) = policy["PolicyDocument"]["Statement"]
    assert set(granted["Action"]) == {"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}
    assert granted["Resource"] == [{"Fn::GetAtt": ["FlowLogs", "Arn"]}]


def test_each_nat_gateway_has_an_address_of_its_own() -> None:
    gateways = resources(STACK, "AWS::EC2::NatGateway").values()
    addresses = [gateway["Properties"]["AllocationId"]["Fn::GetAtt"][0] for gateway in gateways]
    assert addresses == ["NatAddressA", "NatAddressB"]
