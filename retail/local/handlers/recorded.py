"""Types whose service MiniStack has no API for: recorded in the stack only, with values of the right shape.

retail.local.gaps lists them, so that nobody takes their green deployment for proof.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from retail.local import touchpoints
from retail.local.handlers.resource import Created, Place, Properties, Resource


def _arn(service: str, resource: str, region: str | None = None) -> str:
    where = touchpoints.region() if region is None else region
    return f"arn:aws:{service}:{where}:{touchpoints.account()}:{resource}"


def _id(*parts: str, length: int = 36) -> str:
    """A stable identifier in UUID form, cut to length."""
    digest = hashlib.sha256("|".join(parts).encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"[:length]


def _recorded(
    ref: Callable[[Properties, Place], str], attributes: Callable[[str, Properties], dict[str, Any]], *replaced_by: str
) -> Resource:
    def create(properties: Properties, place: Place) -> Created:
        name = ref(properties, place)
        return name, attributes(name, properties)

    return Resource(
        create=create,
        update=lambda name, old, new: (name, attributes(name, new)),
        delete=lambda name, properties: None,
        replaced_by=replaced_by,
    )


def _scalable_target(properties: Properties, place: Place) -> str:
    return "|".join(properties[part] for part in ("ResourceId", "ScalableDimension", "ServiceNamespace"))


def _scaling_policy(properties: Properties, place: Place) -> str:
    namespace, resource = properties.get("ServiceNamespace"), properties.get("ResourceId")
    if target := properties.get("ScalingTargetId"):
        resource, _, namespace = target.split("|")
    return _arn(
        "autoscaling",
        f"scalingPolicy:{_id(place.stack, place.logical_id)}:resource/{namespace}/{resource}"
        f":policyName/{properties['PolicyName']}",
    )


def _accelerator(ref: str, properties: Properties) -> dict[str, Any]:
    label = _id(ref).replace("-", "")[:16]
    return {
        "AcceleratorArn": ref,
        "DnsName": f"a{label}.awsglobalaccelerator.com",
        "DualStackDnsName": f"a{label}.dualstack.awsglobalaccelerator.com",
        "Ipv4Addresses": ["192.0.2.1", "192.0.2.2"],  # RFC 5737: documentation only
        "Ipv6Addresses": [],
    }


def _namespace(ref: str, properties: Properties) -> dict[str, Any]:
    namespace_id = _id(ref)
    return {
        f"Namespace.{name}": value
        for name, value in {
            "AdminUsername": properties.get("AdminUsername", "admin"),
            "CreationDate": datetime.now(UTC).isoformat(timespec="seconds"),
            "DbName": properties.get("DbName", "dev"),
            "DefaultIamRoleArn": properties.get("DefaultIamRoleArn", ""),
            "IamRoles": properties.get("IamRoles", []),
            "KmsKeyId": properties.get("KmsKeyId", "AWS_OWNED_KMS_KEY"),
            "LogExports": properties.get("LogExports", []),
            "NamespaceArn": _arn("redshift-serverless", f"namespace/{namespace_id}"),
            "NamespaceId": namespace_id,
            "NamespaceName": ref,
            "Status": "AVAILABLE",
        }.items()
    }


def _workgroup(ref: str, properties: Properties) -> dict[str, Any]:
    account, region, workgroup_id = touchpoints.account(), touchpoints.region(), _id(ref)
    return {
        f"Workgroup.{name}": value
        for name, value in {
            "BaseCapacity": properties.get("BaseCapacity", 128),
            "ConfigParameters": properties.get("ConfigParameters", []),
            "CreationDate": datetime.now(UTC).isoformat(timespec="seconds"),
            "Endpoint.Address": f"{ref}.{account}.{region}.redshift-serverless.amazonaws.com",
            "Endpoint.Port": properties.get("Port", 5439),
            "EnhancedVpcRouting": properties.get("EnhancedVpcRouting", False),
            "MaxCapacity": properties.get("MaxCapacity", ""),
            "NamespaceName": properties["NamespaceName"],
            "PubliclyAccessible": properties.get("PubliclyAccessible", False),
            "SecurityGroupIds": properties.get("SecurityGroupIds", []),
            "Status": "AVAILABLE",
            "SubnetIds": properties.get("SubnetIds", []),
            "TrackName": properties.get("TrackName", "current"),
            "WorkgroupArn": _arn("redshift-serverless", f"workgroup/{workgroup_id}"),
            "WorkgroupId": workgroup_id,
            "WorkgroupName": ref,
        }.items()
    }


TYPES = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _recorded(
        _scalable_target, lambda ref, properties: {"Id": ref}, "ResourceId", "ScalableDimension", "ServiceNamespace"
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": _recorded(
        _scaling_policy,
        lambda ref, properties: {"Arn": ref},
        "PolicyName",
        "ServiceNamespace",
        "ResourceId",
        "ScalableDimension",
        "ScalingTargetId",
    ),
    "AWS::GlobalAccelerator::Accelerator": _recorded(
        lambda properties, place: _arn("globalaccelerator", f"accelerator/{_id(place.stack, place.logical_id)}", ""),
        _accelerator,
    ),
    "AWS::GlobalAccelerator::Listener": _recorded(
        lambda properties, place: (
            f"{properties['AcceleratorArn']}/listener/{_id(place.stack, place.logical_id, length=8)}"
        ),
        lambda ref, properties: {"ListenerArn": ref},
        "AcceleratorArn",
    ),
    "AWS::GlobalAccelerator::EndpointGroup": _recorded(
        lambda properties, place: (
            f"{properties['ListenerArn']}/endpoint-group/{_id(place.stack, place.logical_id, length=13)}"
        ),
        lambda ref, properties: {"EndpointGroupArn": ref},
        "EndpointGroupRegion",
        "ListenerArn",
    ),
    "AWS::RedshiftServerless::Namespace": _recorded(
        lambda properties, place: properties["NamespaceName"], _namespace, "NamespaceName"
    ),
    "AWS::RedshiftServerless::Workgroup": _recorded(
        lambda properties, place: properties["WorkgroupName"], _workgroup, "WorkgroupName", "NamespaceName"
    ),
    "AWS::WAFv2::LoggingConfiguration": _recorded(
        lambda properties, place: properties["ResourceArn"],
        lambda ref, properties: {"ManagedByFirewallManager": False},
        "ResourceArn",
    ),
}
