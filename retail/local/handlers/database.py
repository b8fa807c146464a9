"""Aurora. Clusters go through the API: MiniStack's own handler drops the key, the parameter group and tags."""

from __future__ import annotations

from typing import Any

from retail.local.handlers.api import call, client
from retail.local.handlers.resource import Created, Mend, Place, Properties, Resource, changed, only

_MUTABLE = (
    "BackupRetentionPeriod",
    "CopyTagsToSnapshot",
    "DBClusterParameterGroupName",
    "DeletionProtection",
    "EnableHttpEndpoint",
    "EnableIAMDatabaseAuthentication",
    "EngineVersion",
    "MasterUserPassword",
    "Port",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "ServerlessV2ScalingConfiguration",
    "VpcSecurityGroupIds",
)


def _create(properties: Properties, place: Place) -> Created:
    request = {"DBClusterIdentifier": place.name(63).lower()} | properties
    made = call("rds", "create_db_cluster", request)["DBCluster"]
    return made["DBClusterIdentifier"], _attributes(made)


def _update(ref: str, old: Properties, new: Properties) -> Created:
    differing = {name: value for name, value in only(new, *_MUTABLE).items() if old.get(name) != value}
    if changed(old, new, "EnableCloudwatchLogsExports"):
        before, after = (set(each.get("EnableCloudwatchLogsExports", [])) for each in (old, new))
        differing["CloudwatchLogsExportConfiguration"] = {
            "EnableLogTypes": sorted(after - before),
            "DisableLogTypes": sorted(before - after),
        }
    call("rds", "modify_db_cluster", {"DBClusterIdentifier": ref, "ApplyImmediately": True} | differing)
    cluster = client("rds").describe_db_clusters(DBClusterIdentifier=ref)["DBClusters"][0]
    if changed(old, new, "Tags"):
        client("rds").remove_tags_from_resource(
            ResourceName=cluster["DBClusterArn"], TagKeys=[tag["Key"] for tag in old.get("Tags", [])]
        )
        client("rds").add_tags_to_resource(ResourceName=cluster["DBClusterArn"], Tags=new.get("Tags", []))
    return ref, _attributes(cluster)


def _attributes(cluster: dict[str, Any]) -> dict[str, Any]:
    return {
        "DBClusterArn": cluster["DBClusterArn"],
        "DBClusterResourceId": cluster["DbClusterResourceId"],
        "Endpoint.Address": cluster["Endpoint"],
        "Endpoint.Port": str(cluster["Port"]),
        "ReadEndpoint.Address": cluster["ReaderEndpoint"],
        "StorageEncryptionType": "sse-kms" if cluster.get("KmsKeyId") else "none",
        "StorageThroughput": 0,
    }


def _instance(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    instance = client("rds").describe_db_instances(DBInstanceIdentifier=ref)["DBInstances"][0]
    return {
        "DBInstanceStatus": instance["DBInstanceStatus"],
        "Endpoint.HostedZoneId": instance["Endpoint"]["HostedZoneId"],
        "InstanceCreateTime": instance["InstanceCreateTime"].isoformat(),
    }


TYPES = {
    "AWS::RDS::DBInstance": Mend(finish=_instance),
    "AWS::RDS::DBCluster": Resource(
        create=_create,
        update=_update,
        delete=lambda ref, properties: client("rds").delete_db_cluster(DBClusterIdentifier=ref, SkipFinalSnapshot=True),
        replaced_by=(
            "ClusterScalabilityType",
            "DBClusterIdentifier",
            "DBSubnetGroupName",
            "DBSystemId",
            "DatabaseName",
            "Engine",
            "EngineMode",
            "KmsKeyId",
            "MasterUsername",
            "PubliclyAccessible",
            "RestoreToTime",
            "RestoreType",
            "SnapshotIdentifier",
            "SourceDBClusterIdentifier",
            "SourceDbClusterResourceId",
            "SourceRegion",
            "StorageEncrypted",
            "UseLatestRestorableTime",
        ),
    ),
}
