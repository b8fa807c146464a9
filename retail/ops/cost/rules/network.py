"""Networking and ingress."""

from __future__ import annotations

from collections.abc import Iterator

from retail.ops.cost.evaluate import Resource, Stack
from retail.ops.cost.item import HOURS, Item, Rule, Unpriced, floor, scales, share
from retail.ops.cost.usage import Usage

PAID_GROUPS = ("BotControl", "ATP", "ACFP", "AntiDDoS")
"""Parts of the names of AWS's rule groups that are billed by request besides."""

ACCELERATOR_ADDRESSES = 2


def nat(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A NAT gateway and its part of the data; its address is an EIP of its own."""
    yield floor("nat_hour", HOURS)
    yield scales("nat_gb", share(use.nat_gb, resource, stack))


def address(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A public IPv4 address, billed in use as well since February 2024."""
    yield floor("ipv4_hour", HOURS)


def endpoint(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """An interface endpoint in each of its subnets; a gateway endpoint is free."""
    if resource.properties["VpcEndpointType"] == "Gateway":
        return
    yield floor("endpoint_hour", HOURS * len(resource.properties["SubnetIds"]))
    interfaces = [each for each in stack.of(resource.type) if each.properties["VpcEndpointType"] != "Gateway"]
    yield scales("endpoint_gb", use.endpoint_gb / len(interfaces))


def web_acl(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A web ACL, its rules, and every request."""
    rules = resource.properties["Rules"]
    for rule in rules:
        group = rule["Statement"].get("ManagedRuleGroupStatement", {}).get("Name", "")
        if any(paid in group for paid in PAID_GROUPS):
            raise Unpriced(stack, resource, f"rule group {group} is billed by request besides")
    yield floor("web_acl_month", 1)
    yield floor("web_acl_rule_month", len(rules))
    yield scales("web_acl_request", use.edge_requests)


def load_balancer(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """An Application Load Balancer, with a public address in each of its subnets."""
    if resource.properties["Type"] != "application":
        raise Unpriced(stack, resource, f"load balancer of type {resource.properties['Type']}")
    yield floor("alb_hour", HOURS)
    if resource.properties["Scheme"] == "internet-facing":
        yield floor("ipv4_hour", HOURS * len(resource.properties["Subnets"]))
    yield scales("alb_lcu_hour", use.load_balancer_lcu * HOURS)


def distribution(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A CloudFront distribution: what shoppers fetch."""
    yield scales("cdn_gb", use.edge_gb)
    yield scales("cdn_request", use.edge_requests)


def accelerator(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A Global Accelerator with its static addresses; the fee on data comes on top of other transfer."""
    yield floor("accelerator_hour", HOURS)
    yield floor("ipv4_hour", HOURS * ACCELERATOR_ADDRESSES)
    yield scales("accelerator_gb", use.accelerator_gb)


RULES: dict[str, Rule] = {
    "AWS::EC2::NatGateway": nat,
    "AWS::EC2::EIP": address,
    "AWS::EC2::VPCEndpoint": endpoint,
    "AWS::WAFv2::WebACL": web_acl,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": load_balancer,
    "AWS::CloudFront::Distribution": distribution,
    "AWS::GlobalAccelerator::Accelerator": accelerator,
}

FREE = {
    "AWS::EC2::VPC": "a VPC is free",
    "AWS::EC2::Subnet": "a subnet is free",
    "AWS::EC2::InternetGateway": "the gateway is free; what leaves through it is CloudFront's, which pays no transfer",
    "AWS::EC2::VPCGatewayAttachment": "an attachment is free",
    "AWS::EC2::RouteTable": "a route table is free",
    "AWS::EC2::SubnetRouteTableAssociation": "an association is free",
    "AWS::EC2::Route": "a route is free",
    "AWS::EC2::SecurityGroup": "a security group is free",
    "AWS::EC2::SecurityGroupIngress": "a rule of a security group is free",
    "AWS::EC2::SecurityGroupEgress": "a rule of a security group is free",
    "AWS::EC2::FlowLog": "billed by the log group that it writes to",
    "AWS::WAFv2::LoggingConfiguration": "billed by the log group that it writes to",
    "AWS::CertificateManager::Certificate": "a public certificate that stays in AWS is free",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "part of the load balancer",
    "AWS::ElasticLoadBalancingV2::Listener": "part of the load balancer",
    "AWS::ElasticLoadBalancingV2::ListenerRule": "part of the load balancer's capacity units",
    "AWS::CloudFront::CachePolicy": "a policy is free",
    "AWS::CloudFront::ResponseHeadersPolicy": "a policy is free",
    "AWS::Route53::RecordSet": "an alias for AWS's own names is free; the zone is the account's, 0.50 a month",
    "AWS::GlobalAccelerator::Listener": "part of the accelerator",
    "AWS::GlobalAccelerator::EndpointGroup": "part of the accelerator",
}
