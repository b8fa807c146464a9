"""S3, DynamoDB, ElastiCache and Backup."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from retail.local.handlers.api import Refused, call, client
from retail.local.handlers.resource import Created, Mend, Place, Properties, Resource, changed, only, without

# S3's API names for what the template's lifecycle rules say in other words.
_RULE_NAMES = {"Id": "ID", "Status": "Status", "AbortIncompleteMultipartUpload": "AbortIncompleteMultipartUpload"}
_TRANSITION_NAMES = {"TransitionInDays": "Days", "TransitionDate": "Date", "StorageClass": "StorageClass"}


def _encryption(configuration: Properties) -> Properties:
    rules = [
        {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]} | only(rule, "BucketKeyEnabled")
        for rule in configuration["ServerSideEncryptionConfiguration"]
    ]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _lifecycle_rule(rule: Properties) -> Properties:
    made = {api: rule[name] for name, api in _RULE_NAMES.items() if name in rule}
    made["Filter"] = {"Prefix": rule.get("Prefix", "")}
    expiration = {
        api: rule[name]
        for name, api in (
            ("ExpirationInDays", "Days"),
            ("ExpirationDate", "Date"),
            ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
        )
        if name in rule
    }
    if expiration:
        made["Expiration"] = expiration
    if "Transitions" in rule:
        made["Transitions"] = [
            {_TRANSITION_NAMES[name]: value for name, value in each.items()} for each in rule["Transitions"]
        ]
    if "NoncurrentVersionExpiration" in rule:
        made["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    if "NoncurrentVersionTransitions" in rule:
        made["NoncurrentVersionTransitions"] = [
            {"NoncurrentDays": each["TransitionInDays"]} | without(each, "TransitionInDays")
            for each in rule["NoncurrentVersionTransitions"]
        ]
    return made


def _lifecycle(configuration: Properties) -> Properties:
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in configuration["Rules"]]}}


def _ownership(configuration: Properties) -> Properties:
    return {"OwnershipControls": configuration}


def _logging(configuration: Properties) -> Properties:
    return {
        "BucketLoggingStatus": {
            "LoggingEnabled": {
                "TargetBucket": configuration["DestinationBucketName"],
                "TargetPrefix": configuration.get("LogFilePrefix", ""),
            }
        }
    }


# property, how S3 takes it, how S3 forgets it
_BUCKET = (
    ("BucketEncryption", "put_bucket_encryption", _encryption, "delete_bucket_encryption"),
    ("LifecycleConfiguration", "put_bucket_lifecycle_configuration", _lifecycle, "delete_bucket_lifecycle"),
    (
        "VersioningConfiguration",
        "put_bucket_versioning",
        lambda versioning: {"VersioningConfiguration": versioning},
        None,
    ),
    ("OwnershipControls", "put_bucket_ownership_controls", _ownership, "delete_bucket_ownership_controls"),
    ("LoggingConfiguration", "put_bucket_logging", _logging, None),
    ("Tags", "put_bucket_tagging", lambda tags: {"Tagging": {"TagSet": tags}}, "delete_bucket_tagging"),
)


def _bucket(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    for name, put, request, forget in _BUCKET:
        if name in new:
            call("s3", put, {"Bucket": ref} | request(new[name]))
        elif name in old and forget:
            getattr(client("s3"), forget)(Bucket=ref)
    return {"DualStackDomainName": f"{ref}.s3.dualstack.{client('s3').meta.region_name}.amazonaws.com"}


def _must_be_empty(ref: str, properties: Properties) -> None:
    versions = client("s3").list_object_versions(Bucket=ref, MaxKeys=1)
    if versions.get("Versions") or versions.get("DeleteMarkers"):
        raise Refused(f"The bucket you tried to delete is not empty: {ref} (Service: S3, Status Code: 409)")


def _table(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    """What CreateTable would take, and what DynamoDB takes in calls of their own."""
    if encryption := new.get("SSESpecification"):
        call(
            "dynamodb",
            "update_table",
            {
                "TableName": ref,
                "SSESpecification": {"Enabled": encryption["SSEEnabled"]} | without(encryption, "SSEEnabled"),
            },
        )
    if changed(old, new, "TimeToLiveSpecification"):
        call(
            "dynamodb",
            "update_time_to_live",
            {
                "TableName": ref,
                "TimeToLiveSpecification": new.get("TimeToLiveSpecification")
                or old["TimeToLiveSpecification"] | {"Enabled": False},
            },
        )
    if changed(old, new, "PointInTimeRecoverySpecification"):
        call(
            "dynamodb",
            "update_continuous_backups",
            {
                "TableName": ref,
                "PointInTimeRecoverySpecification": new.get("PointInTimeRecoverySpecification")
                or {"PointInTimeRecoveryEnabled": False},
            },
        )
    return {}


def _must_be_unprotected(ref: str, properties: Properties) -> None:
    if client("dynamodb").describe_table(TableName=ref)["Table"].get("DeletionProtectionEnabled"):
        raise Refused(f"Resource cannot be deleted as it is currently protected against deletion: {ref}")


def _with_passwords(properties: Properties) -> Properties:
    """MiniStack's user knows the passwords of AuthenticationMode only by the older property."""
    passwords = properties.get("AuthenticationMode", {}).get("Passwords")
    return properties | ({"Passwords": passwords} if passwords else {})


def _create_cache(properties: Properties, place: Place) -> Created:
    call("elasticache", "create_serverless_cache", without(properties, "FinalSnapshotName"))
    return properties["ServerlessCacheName"], _cache(properties["ServerlessCacheName"])


def _update_cache(ref: str, old: Properties, new: Properties) -> Created:
    mutable = only(
        new,
        "CacheUsageLimits",
        "DailySnapshotTime",
        "Description",
        "SecurityGroupIds",
        "SnapshotRetentionLimit",
        "UserGroupId",
        "Engine",
        "MajorEngineVersion",
    )
    differing = {name: value for name, value in mutable.items() if old.get(name) != value}
    if differing:
        call("elasticache", "modify_serverless_cache", {"ServerlessCacheName": ref} | differing)
    return ref, _cache(ref)


def _cache(name: str) -> dict[str, Any]:
    cache = client("elasticache").describe_serverless_caches(ServerlessCacheName=name)["ServerlessCaches"][0]
    return {
        "ARN": cache["ARN"],
        "CreateTime": cache["CreateTime"].isoformat(),
        "Endpoint.Address": cache["Endpoint"]["Address"],
        "Endpoint.Port": str(cache["Endpoint"]["Port"]),
        "FullEngineVersion": cache["FullEngineVersion"],
        "ReaderEndpoint.Address": cache["ReaderEndpoint"]["Address"],
        "ReaderEndpoint.Port": str(cache["ReaderEndpoint"]["Port"]),
        "Status": cache["Status"],
    }


def _create_selection(properties: Properties, place: Place) -> Created:
    made = call("backup", "create_backup_selection", properties)
    ref = f"{made['SelectionId']}_{made['BackupPlanId']}"
    return ref, {"Id": ref, "SelectionId": made["SelectionId"], "BackupPlanId": made["BackupPlanId"]}


def _delete_selection(ref: str, properties: Properties) -> None:
    selection, plan = ref.split("_")
    try:
        client("backup").delete_backup_selection(BackupPlanId=plan, SelectionId=selection)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


TYPES = {
    "AWS::S3::Bucket": Mend(finish=_bucket, before_delete=_must_be_empty),
    "AWS::DynamoDB::Table": Mend(finish=_table, before_delete=_must_be_unprotected),
    "AWS::ElastiCache::User": Mend(prepare=_with_passwords),
    "AWS::ElastiCache::ServerlessCache": Resource(
        create=_create_cache,
        update=_update_cache,
        delete=lambda ref, properties: client("elasticache").delete_serverless_cache(ServerlessCacheName=ref),
        replaced_by=(
            "ServerlessCacheName",
            "KmsKeyId",
            "SnapshotArnsToRestore",
            "SubnetIds",
            "NetworkType",
            "ConnectionType",
        ),
    ),
    "AWS::Backup::BackupSelection": Resource(
        create=_create_selection,
        update=lambda ref, old, new: (ref, {}),  # every property replaces
        delete=_delete_selection,
        replaced_by=("BackupSelection", "BackupPlanId"),
    ),
}
