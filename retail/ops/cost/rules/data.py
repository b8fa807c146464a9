"""Database, cache, tables, buckets, backups."""

from __future__ import annotations

from collections.abc import Iterator

from retail.ops.cost.evaluate import Resource, Stack
from retail.ops.cost.item import HOURS, Item, Rule, Unpriced, above, scales, within
from retail.ops.cost.usage import Usage, named

CACHE_LEAST_GB = {"valkey": 0.1, "redis": 1.0}
"""What a serverless cache is billed for at least, by engine (T220)."""


def cluster(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """What the database keeps, and how often it turns to its storage."""
    if resource.properties.get("StorageType", "aurora") != "aurora":
        raise Unpriced(stack, resource, f"storage {resource.properties['StorageType']}")
    yield scales("aurora_gb", use.database_gb)
    yield scales("aurora_io", use.database_io)
    yield scales("aurora_backup_gb", use.database_backup_gb)


def instance(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """The capacity units of a writer or a reader."""
    if resource.properties["DBInstanceClass"] != "db.serverless":
        raise Unpriced(stack, resource, f"an instance of class {resource.properties['DBInstanceClass']}")
    bounds = stack.resources[resource.properties["DBClusterIdentifier"]].properties["ServerlessV2ScalingConfiguration"]
    average = within(bounds["MinCapacity"], use.acu, bounds["MaxCapacity"])
    yield from above("acu_hour", float(bounds["MinCapacity"]), average, HOURS)


def cache(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """The cache's data, at least the engine's minimum, and its requests."""
    engine = resource.properties["Engine"]
    if engine not in CACHE_LEAST_GB:
        raise Unpriced(stack, resource, f"a cache of engine {engine}")
    least = CACHE_LEAST_GB[engine]
    held = within(least, use.cache_gb, resource.properties["CacheUsageLimits"]["DataStorage"]["Maximum"])
    yield from above(f"cache_{engine}_gb_hour", least, held, HOURS)
    yield scales(f"cache_{engine}_ecpu", use.cache_ecpu)


def table(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A table on demand."""
    if resource.properties.get("BillingMode") != "PAY_PER_REQUEST":
        raise Unpriced(stack, resource, "a table with provisioned capacity")
    used = named(use.tables, resource.title)
    yield scales("dynamodb_write", used["writes"])
    yield scales("dynamodb_read", used["reads"])
    yield scales("dynamodb_gb", used["gb"])
    if resource.properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
        yield scales("dynamodb_pitr_gb", used["gb"])


def bucket(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A bucket at the price of its standard class: what it tiers down costs less."""
    used = named(use.buckets, resource.title)
    yield scales("s3_gb", used["gb"])
    yield scales("s3_put", used["puts"])
    yield scales("s3_get", used["gets"])
    if resource.properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration"):
        yield scales("event", used["puts"])


def backups(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """The recovery points of what is selected."""
    selected = {
        {"AWS::RDS::DBCluster": "aurora", "AWS::DynamoDB::Table": "dynamodb", "AWS::S3::Bucket": "s3"}[
            stack.resources[arn.split(".")[0]].type
        ]
        for arn in resource.properties["BackupSelection"]["Resources"]
    }
    for kind in sorted(selected):
        yield scales(f"backup_{kind}_gb", use.backup_gb[kind])


RULES: dict[str, Rule] = {
    "AWS::RDS::DBCluster": cluster,
    "AWS::RDS::DBInstance": instance,
    "AWS::ElastiCache::ServerlessCache": cache,
    "AWS::DynamoDB::Table": table,
    "AWS::S3::Bucket": bucket,
    "AWS::Backup::BackupSelection": backups,
}

FREE = {
    "AWS::RDS::DBSubnetGroup": "a group of subnets is free",
    "AWS::RDS::DBClusterParameterGroup": "parameters are free",
    "AWS::ElastiCache::User": "a user is free",
    "AWS::ElastiCache::UserGroup": "a group is free",
    "AWS::S3::BucketPolicy": "a policy is free",
    "AWS::Backup::BackupVault": "billed by what is selected",
    "AWS::Backup::BackupPlan": "billed by what is selected",
}
