"""What a green local deployment does not prove: the one table of it, which the tests read.

Whatever stands here must be asserted on the emitted template. tests/local/test_gaps.py shows that each entry is
still true and that what the pack mends stays mended, so the table can shrink and cannot grow unseen.
"""

from __future__ import annotations

from dataclasses import dataclass

_NO_API = "MiniStack has no such service: the stack records the resource and nothing else knows of it."


@dataclass(frozen=True, slots=True)
class Dropped:
    """A property that is accepted and then lost. `path` is dotted, from Properties."""

    resource_type: str
    path: str
    reason: str


RECORDED_ONLY = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _NO_API,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _NO_API,
    "AWS::GlobalAccelerator::Accelerator": _NO_API,
    "AWS::GlobalAccelerator::EndpointGroup": _NO_API,
    "AWS::GlobalAccelerator::Listener": _NO_API,
    "AWS::RedshiftServerless::Namespace": _NO_API,
    "AWS::RedshiftServerless::Workgroup": _NO_API,
    "AWS::WAFv2::LoggingConfiguration": "MiniStack's WAF has no logging operations; the stack records the resource.",
}

DROPPED = (
    Dropped("AWS::CloudWatch::Alarm", "Metrics", "Alarms are on one metric; this one is listed and never rings."),
    Dropped("AWS::EC2::FlowLog", "DeliverLogsPermissionArn", "CreateFlowLogs does not keep the role."),
    Dropped("AWS::EC2::FlowLog", "LogFormat", "CreateFlowLogs does not keep the format."),
    Dropped("AWS::EC2::FlowLog", "MaxAggregationInterval", "CreateFlowLogs does not keep the interval."),
    Dropped("AWS::EC2::NatGateway", "AllocationId", "DescribeNatGateways reports no addresses."),
    Dropped("AWS::EC2::VPCEndpoint", "PolicyDocument", "DescribeVpcEndpoints does not report the policy."),
    Dropped("AWS::EC2::VPCEndpoint", "PrivateDnsEnabled", "DescribeVpcEndpoints does not report private DNS."),
    Dropped("AWS::EC2::VPCEndpoint", "SecurityGroupIds", "DescribeVpcEndpoints does not report the groups."),
    Dropped("AWS::ECS::Service", "AvailabilityZoneRebalancing", "CreateService does not keep the setting."),
    Dropped("AWS::ElastiCache::User", "AuthenticationMode.Type", "CreateUser knows passwords and no IAM users."),
    Dropped("AWS::RDS::DBCluster", "EnableCloudwatchLogsExports", "DescribeDBClusters does not report the exports."),
    Dropped("AWS::Glue::Job", "ExecutionProperty", "MiniStack's jobs have no concurrency setting."),
)
