"""EC2: addresses, NAT gateways, flow logs and security group rules; attributes of the rest."""

from __future__ import annotations

import ipaddress
from functools import partial
from typing import Any

from retail.local.handlers.api import Refused, call, client
from retail.local.handlers.resource import Created, Mend, Place, Properties, Resource, without

LARGEST_VPC, SMALLEST_VPC = 16, 28  # prefix lengths; EC2 refuses others with InvalidVpc.Range


def _tagged(kind: str, properties: Properties) -> Properties:
    """EC2 takes the tags of a new resource as a specification."""
    tags = properties.get("Tags")
    return without(properties, "Tags") | ({"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {})


def _retag(resource_id: str, old: Properties, new: Properties) -> None:
    if dropped := [{"Key": tag["Key"]} for tag in old.get("Tags", [])]:
        client("ec2").delete_tags(Resources=[resource_id], Tags=dropped)
    if new.get("Tags"):
        client("ec2").create_tags(Resources=[resource_id], Tags=new["Tags"])


def _allocate(properties: Properties, place: Place) -> Created:
    address = call("ec2", "allocate_address", _tagged("elastic-ip", {"Domain": "vpc"} | properties))
    return address["PublicIp"], {"AllocationId": address["AllocationId"], "PublicIp": address["PublicIp"]}


def _address(public_ip: str) -> dict[str, Any]:
    return client("ec2").describe_addresses(PublicIps=[public_ip])["Addresses"][0]


def _update_address(ref: str, old: Properties, new: Properties) -> Created:
    allocation = _address(ref)["AllocationId"]
    _retag(allocation, old, new)
    return ref, {"AllocationId": allocation, "PublicIp": ref}


def _release(ref: str, properties: Properties) -> None:
    client("ec2").release_address(AllocationId=_address(ref)["AllocationId"])


def _create_nat_gateway(properties: Properties, place: Place) -> Created:
    gateway = call("ec2", "create_nat_gateway", _tagged("natgateway", properties))["NatGateway"]
    return gateway["NatGatewayId"], _nat_gateway(gateway["NatGatewayId"])


def _nat_gateway(ref: str) -> dict[str, Any]:
    # MiniStack gives a NAT gateway no network interface; the id only has to keep its shape.
    return {"NatGatewayId": ref, "EniId": ref.replace("nat-", "eni-")}


def _update_nat_gateway(ref: str, old: Properties, new: Properties) -> Created:
    _retag(ref, old, new)
    return ref, _nat_gateway(ref)


def _create_flow_log(properties: Properties, place: Place) -> Created:
    request = without(properties, "ResourceId", "Tags") | {"ResourceIds": [properties["ResourceId"]]}
    ref = call("ec2", "create_flow_logs", request)["FlowLogIds"][0]
    _retag(ref, {}, properties)
    return ref, {"Id": ref}


def _update_flow_log(ref: str, old: Properties, new: Properties) -> Created:
    _retag(ref, old, new)
    return ref, {"Id": ref}


def _permission(properties: Properties) -> Properties:
    """The one permission that a rule of its own stands for."""
    described = {"Description": properties["Description"]} if properties.get("Description") else {}
    permission: Properties = {"IpProtocol": properties["IpProtocol"]}
    permission |= {port: properties[port] for port in ("FromPort", "ToPort") if port in properties}
    if cidr := properties.get("CidrIp"):
        permission["IpRanges"] = [{"CidrIp": _checked(cidr)} | described]
    if cidr := properties.get("CidrIpv6"):
        permission["Ipv6Ranges"] = [{"CidrIpv6": _checked(cidr)} | described]
    for end in ("Source", "Destination"):
        if group := properties.get(f"{end}SecurityGroupId"):
            permission["UserIdGroupPairs"] = [{"GroupId": group} | described]
        if prefixes := properties.get(f"{end}PrefixListId"):
            permission["PrefixListIds"] = [{"PrefixListId": prefixes} | described]
    return permission


def _checked(cidr: str) -> str:
    try:
        ipaddress.ip_network(cidr)
    except ValueError:
        raise Refused(f"CIDR block {cidr} is malformed (Service: Ec2, Status Code: 400)") from None
    return cidr


def _authorize(direction: str, properties: Properties, place: Place) -> Created:
    group = properties["GroupId"]
    present = {
        rule["SecurityGroupRuleId"]
        for rule in client("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])[
            "SecurityGroupRules"
        ]
    }
    rule = call(
        "ec2", f"authorize_security_group_{direction}", {"GroupId": group, "IpPermissions": [_permission(properties)]}
    )["SecurityGroupRules"][0]
    ref = rule["SecurityGroupRuleId"]
    if ref in present:
        raise Refused(f"the specified rule already exists in {group} (InvalidPermission.Duplicate)")
    return ref, {"Id": ref}


def _describe_rule(direction: str, ref: str, old: Properties, new: Properties) -> Created:
    call(
        "ec2",
        f"update_security_group_rule_descriptions_{direction}",
        {"GroupId": new["GroupId"], "IpPermissions": [_permission(new)]},
    )
    return ref, {"Id": ref}


def _revoke(direction: str, ref: str, properties: Properties) -> None:
    call("ec2", f"revoke_security_group_{direction}", {"GroupId": properties["GroupId"], "SecurityGroupRuleIds": [ref]})


def _rule(direction: str, end: str) -> Resource:
    return Resource(
        create=partial(_authorize, direction),
        update=partial(_describe_rule, direction),
        delete=partial(_revoke, direction),
        replaced_by=(
            "IpProtocol",
            "FromPort",
            "ToPort",
            "CidrIp",
            "CidrIpv6",
            "GroupId",
            f"{end}SecurityGroupId",
            f"{end}PrefixListId",
            *(("GroupName", "SourceSecurityGroupName", "SourceSecurityGroupOwnerId") if end == "Source" else ()),
        ),
    )


def _checked_vpc(properties: Properties) -> Properties:
    prefix = ipaddress.ip_network(_checked(properties["CidrBlock"])).prefixlen
    if not LARGEST_VPC <= prefix <= SMALLEST_VPC:
        raise Refused(f"The CIDR '{properties['CidrBlock']}' is invalid. (InvalidVpc.Range)")
    return properties


def _vpc(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    vpc = client("ec2").describe_vpcs(VpcIds=[ref])["Vpcs"][0]
    return {
        "CidrBlock": vpc["CidrBlock"],
        "CidrBlockAssociations": [each["AssociationId"] for each in vpc.get("CidrBlockAssociationSet", [])],
        "Ipv6CidrBlocks": [],
    }


def _endpoint(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    """An interface endpoint's names, the regional one first, as "<hosted zone id>:<name>"."""
    if new.get("VpcEndpointType", "Gateway") == "Gateway":
        return {"DnsEntries": []}
    service, region = new["ServiceName"].rsplit(".", 1)[-1], new["ServiceName"].split(".")[2]
    return {"DnsEntries": [f"Z7HUB22UULQXV:{ref}-00000000.{service}.{region}.vpce.amazonaws.com"]}


def _security_group(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    group = client("ec2").describe_security_groups(GroupIds=[ref])["SecurityGroups"][0]
    return {"Id": ref, "GroupName": group["GroupName"]}


def _subnet(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    subnet = client("ec2").describe_subnets(SubnetIds=[ref])["Subnets"][0]
    return {name: subnet[name] for name in ("AvailabilityZone", "CidrBlock", "VpcId")} | {
        "SubnetId": ref,
        "Ipv6CidrBlocks": [],
        "NetworkAclAssociationId": ref.replace("subnet-", "aclassoc-"),
    }


def _itself(attribute: str) -> Mend:
    """A type whose only missing attribute is what Ref returns."""
    return Mend(finish=lambda ref, old, new: {attribute: ref})


TYPES = {
    "AWS::EC2::EIP": Resource(
        create=_allocate,
        update=_update_address,
        delete=_release,
        replaced_by=("NetworkBorderGroup", "TransferAddress", "IpamPoolId", "Address"),
    ),
    "AWS::EC2::NatGateway": Resource(
        create=_create_nat_gateway,
        update=_update_nat_gateway,
        delete=lambda ref, properties: client("ec2").delete_nat_gateway(NatGatewayId=ref),
        replaced_by=("VpcId", "SubnetId", "ConnectivityType", "AllocationId", "PrivateIpAddress", "AvailabilityMode"),
    ),
    "AWS::EC2::FlowLog": Resource(
        create=_create_flow_log,
        update=_update_flow_log,
        delete=lambda ref, properties: client("ec2").delete_flow_logs(FlowLogIds=[ref]),
        replaced_by=(
            "DeliverCrossAccountRole",
            "DeliverLogsPermissionArn",
            "LogGroupName",
            "LogDestination",
            "ResourceId",
            "TrafficType",
            "LogDestinationType",
            "ResourceType",
            "LogFormat",
            "MaxAggregationInterval",
            "DestinationOptions",
            "TagFieldSpecifications",
        ),
    ),
    "AWS::EC2::SecurityGroupIngress": _rule("ingress", "Source"),
    "AWS::EC2::SecurityGroupEgress": _rule("egress", "Destination"),
    "AWS::EC2::VPC": Mend(prepare=_checked_vpc, finish=_vpc),
    "AWS::EC2::Subnet": Mend(finish=_subnet),
    "AWS::EC2::VPCEndpoint": Mend(finish=_endpoint),
    "AWS::EC2::SecurityGroup": Mend(finish=_security_group),
    "AWS::EC2::RouteTable": _itself("RouteTableId"),
    "AWS::EC2::InternetGateway": _itself("InternetGatewayId"),
    "AWS::EC2::SubnetRouteTableAssociation": _itself("Id"),
    "AWS::EC2::VPCGatewayAttachment": Mend(
        finish=lambda ref, old, new: {"AttachmentType": "IGW" if "InternetGatewayId" in new else "VGW"}
    ),
    "AWS::EC2::Route": Mend(finish=lambda ref, old, new: {"CidrBlock": ref.split("|")[1]}),
}
