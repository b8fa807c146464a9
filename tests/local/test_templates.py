"""The seven templates deploy unchanged, and every attribute of every resource can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.emitted import FILES, OUT, template
from tests.local.conftest import Deployer

# What no default can serve. The web ACL and the certificate come from the first phase of 03.
PARAMETERS = {"CloudFrontPrefixListId": "pl-3b927c52", "DomainName": "store.example.com"}


@pytest.fixture(scope="module")
def parameters(boto: Callable[..., Any], deployer: Deployer) -> dict[str, str]:
    zone = boto("route53").create_hosted_zone(Name="example.com", CallerReference="test")["HostedZone"]["Id"]
    outside = PARAMETERS | {"HostedZoneId": zone.split("/")[-1]}
    ingress = (OUT / "03-ingress.yaml").read_text()
    assert deployer.create("waf", ingress, **declared("03-ingress", outside), Scope="waf") == "CREATE_COMPLETE"
    return outside | deployer.outputs("waf")


def declared(name: str, values: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if key in template(name)["Parameters"]}


@pytest.mark.parametrize("name", FILES)
def test_each_template_deploys_unchanged_in_order(deployer: Deployer, parameters: dict[str, str], name: str) -> None:
    status = deployer.create(f"retail-{name}", (OUT / f"{name}.yaml").read_text(), **declared(name, parameters))
    assert status == "CREATE_COMPLETE", deployer.failures(f"retail-{name}")


# Attributes of features that the templates leave out, by how they begin.
ABSENT = {
    "AWS::DynamoDB::Table": ("StreamArn",),
    "AWS::EC2::NatGateway": ("AutoProvisionZones", "AutoScalingIps", "RouteTableId"),  # regional gateways
    "AWS::EC2::VPC": ("VpcEncryptionControl",),
    "AWS::RDS::DBCluster": ("MasterUserSecret",),
    "AWS::RDS::DBInstance": (
        "AutomaticRestartTime",
        "CertificateDetails",
        "IsStorageConfigUpgradeAvailable",
        "LatestRestorableTime",
        "ListenerEndpoint",
        "MasterUserSecret",
        "PercentProgress",
        "ReadReplica",
        "ResumeFullAutomationModeTime",
        "SecondaryAvailabilityZone",
        "StatusInfos",
        "StorageOperation",
    ),
    "AWS::S3::Bucket": ("MetadataConfiguration", "MetadataTableConfiguration"),
}


def attributes(name: str) -> Iterator[tuple[str, str, str | None]]:
    """Logical id, attribute and condition for what GetAtt returns of each resource beyond its properties."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    for logical_id, resource in template(name)["Resources"].items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"])
        read_only = {
            path.removeprefix("/properties/").replace("/", ".") for path in schema.schema.get("readOnlyProperties", [])
        }
        for attribute in sorted(read_only & set(schema.get_atts)):
            is_parent = any(other.startswith(f"{attribute}.") for other in read_only)
            if not is_parent and not attribute.startswith(ABSENT.get(resource["Type"], ())):
                yield logical_id, attribute, resource.get("Condition")


@pytest.mark.parametrize("name", FILES)
def test_every_read_only_attribute_can_be_read(
    deployer: Deployer, boto: Callable[..., Any], parameters: dict[str, str], name: str
) -> None:
    probes = "".join(
        f"  Probe{number}:\n    Value: !Join ['', [!GetAtt {logical_id}.{attribute}]]\n"
        + (f"    Condition: {condition}\n" if condition else "")
        for number, (logical_id, attribute, condition) in enumerate(attributes(name))
    )
    body = (OUT / f"{name}.yaml").read_text()
    body += "" if "\nOutputs:\n" in body else "\nOutputs:\n"
    boto("s3").create_bucket(Bucket="probes")
    boto("s3").put_object(Bucket="probes", Key=name, Body=body.replace("\nOutputs:\n", f"\nOutputs:\n{probes}"))
    # By URL, for a body in the request may not exceed 51,200 bytes.
    status = deployer.update(
        f"retail-{name}", boto("s3").meta.endpoint_url + f"/probes/{name}", **declared(name, parameters)
    )
    assert status == "UPDATE_COMPLETE", deployer.failures(f"retail-{name}")
