"""What a type's handlers may call for features that a template does not use, and that is therefore left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple


class Feature(NamedTuple):
    """Actions that are needed only where a template has one of these words."""

    actions: tuple[str, ...]  # patterns, in lower case
    words: tuple[str, ...]  # a property's name, or a part of a text


FEATURES = (
    Feature(("firehose:*",), ("firehose", "Firehose")),
    Feature(("kinesis:*", "dynamodb:*kinesisstreaming*"), ("KinesisStreamSpecification",)),
    Feature(
        ("dynamodb:importtable", "dynamodb:describeimport", "dynamodb:query", "dynamodb:scan", "dynamodb:getitem",
         "dynamodb:putitem", "dynamodb:updateitem", "dynamodb:deleteitem", "dynamodb:batchwriteitem"),
        ("ImportSourceSpecification",),
    ),
    Feature(("dynamodb:*replica", "dynamodb:*globaltable*"), ("Replicas",)),
    Feature(("dynamodb:*contributorinsights",), ("ContributorInsightsSpecification",)),
    Feature(("elasticfilesystem:*", "s3files:*"), ("FileSystemConfigs",)),
    Feature(("lambda:*codesigning*",), ("CodeSigningConfigArn",)),
    Feature(("lambda:getlayerversion",), ("Layers",)),
    Feature(("organizations:*", "iam:describeorganization"), ("IsOrganizationTrail",)),
    Feature(("cloudtrail:*insightselectors",), ("InsightSelectors",)),
    Feature(("cloudtrail:*eventconfiguration",), ("ContextKeySelectors", "AggregationConfigurations")),
    Feature(("s3tables:*", "s3:*metadatatable*"), ("MetadataTableConfiguration", "MetadataConfiguration")),
    Feature(("s3:*analytics*",), ("AnalyticsConfigurations",)),
    Feature(("s3:*inventory*",), ("InventoryConfigurations",)),
    Feature(("s3:*metricsconfiguration",), ("MetricsConfigurations",)),
    Feature(("s3:*replication*", "s3:replicate*"), ("ReplicationConfiguration",)),
    Feature(("s3:*website*",), ("WebsiteConfiguration",)),
    Feature(("s3:*cors",), ("CorsConfiguration",)),
    Feature(("s3:*accelerate*",), ("AccelerateConfiguration",)),
    Feature(("s3:*objectlock*", "s3:*retention", "s3:*legalhold"), ("ObjectLockConfiguration", "ObjectLockEnabled")),
    Feature(("s3:*intelligenttiering*",), ("IntelligentTieringConfigurations",)),
    Feature(("s3:*abac*",), ("AbacStatus",)),
    Feature(("s3:*acl",), ("AccessControl", "BucketOwnerPreferred")),
    Feature(("acm-pca:*",), ("CertificateAuthorityArn",)),
    Feature(("acm:exportcertificate",), ("CertificateExport",)),
    Feature(("cognito-idp:*",), ("authenticate-cognito",)),
    Feature(("elasticloadbalancing:*truststore*",), ("MutualAuthentication",)),
    Feature(("cloudfront:*distributiontenant*", "cloudfront:*connectiongroup*"), ("TenantConfig",)),
    Feature(("cloudfront:*connectionfunction*",), ("ConnectionFunctionAssociation",)),
    Feature(("cloudfront:*webacl*",), ("ConnectionMode",)),
    Feature(("payments:*",), ("Marketplace",)),
    Feature(("vpc-lattice:*", "vpce:*"), ("ServiceNetworkArn", "ResourceConfigurationArn", "PrivateDnsPreference")),
    Feature(("ec2:*ipam*",), ("IpamPoolId", "Ipv4IpamPoolId", "Ipv6IpamPoolId")),
    Feature(("autoscaling:*",), ("AutoScalingGroupName",)),
    Feature(("lakeformation:*",), ("LakeFormationConfiguration", "LakeFormation")),
    Feature(("iam:*user", "iam:*userpolicy"), ("AWS::IAM::User", "Users")),
    Feature(("iam:*grouppolicy",), ("Groups",)),
    Feature(("kms:*keydeletion", "kms:tagresource", "kms:untagresource"), ("AWS::KMS::Key",)),
    Feature(("lambda:*recursionconfig",), ("RecursiveLoop",)),
    Feature(("lambda:*scalingconfig", "lambda:*capacityprovider"), ("CapacityProviderConfig", "FunctionScalingConfig")),
    Feature(("lambda:*runtimemanagementconfig",), ("RuntimeManagementConfig",)),
    Feature(("lambda:*functionconcurrency",), ("ReservedConcurrentExecutions",)),
    Feature(("lambda:publishversion",), ("SnapStart", "PublishToLatestPublished")),
    Feature(("glue:*connection",), ("Connections", "AWS::Glue::Connection")),
    Feature(("redshift:*resourcepolicy",), ("NamespaceResourcePolicy",)),
    Feature(("elasticloadbalancing:*capacityreservation",), ("MinimumLoadBalancerCapacity",)),
    Feature(("elasticloadbalancing:modifyippools",), ("Ipv4IpamPoolId",)),
    Feature(("elasticloadbalancing:*registertargets",), ("Targets",)),
    Feature(("cloudfront:*stagingconfig",), ("Staging", "ContinuousDeploymentPolicyId")),
    Feature(("rds:*blueg*", "rds:*switchover*"), ("BlueGreen",)),
    Feature(("rds:restore*", "rds:promote*"), ("SnapshotIdentifier", "SourceDBClusterIdentifier", "RestoreType")),
    Feature(("rds:*globalcluster*",), ("GlobalClusterIdentifier",)),
    Feature(("rds:*readreplica", "rds:createdbsnapshot"), ("SourceDBInstanceIdentifier", "DBSnapshotIdentifier")),
    Feature(("rds:addroleto*", "rds:removerolefrom*"), ("AssociatedRoles",)),
    Feature(("rds:*httpendpoint",), ("EnableHttpEndpoint",)),
    Feature(("rds:*automatedbackupsreplication",), ("AutomaticBackupReplicationRegion",)),
    Feature(("logs:*dataprotectionpolicy",), ("DataProtectionPolicy",)),
    Feature(("logs:*indexpolicy",), ("FieldIndexPolicies",)),
    Feature(("logs:*bearertoken*",), ("BearerTokenAuthenticationEnabled",)),
    Feature(("logs:*deletionprotection",), ("DeletionProtectionEnabled",)),
    Feature(("logs:*subscriptionfilter", "logs:*transformer"), ("SubscriptionFilter", "Transformer")),
    Feature(("backup:*lockconfiguration",), ("LockConfiguration",)),
    Feature(("backup:*accesspolicy",), ("AccessPolicy",)),
    Feature(("backup:*notifications",), ("Notifications",)),
    Feature(("dynamodb:*resourcepolicy",), ("ResourcePolicy",)),
    Feature(("elasticache:modifyreplicationgroup",), ("ReplicationGroup",)),
    Feature(("iam:*permissionsboundary",), ("PermissionsBoundary",)),
    Feature(
        ("secretsmanager:createsecret",),
        ("AWS::SecretsManager::Secret", "ManageMasterUserPassword", "ManageAdminPassword"),
    ),
    Feature(("rds:*optiongroup*",), ("OptionGroupName",)),
    Feature(("rds:*dbsecuritygroup*",), ("DBSecurityGroups",)),
    Feature(("redshift-serverless:restore*",), ("SnapshotName", "RecoveryPointId")),
    Feature(("redshift-serverless:*snapshotcopy*",), ("SnapshotCopyConfigurations",)),
    Feature(("redshift-serverless:*usagelimit*",), ("UsageLimits",)),
    Feature(("redshift-serverless:*customdomain*",), ("CustomDomain",)),
    Feature(("athena:*capacity*",), ("CapacityReservation",)),
    Feature(("ec2:*fpga*",), ("Fpga",)),
)  # fmt: skip


def needed(actions: Iterable[str], template: Any) -> set[str]:
    """The actions without those for features that the template does not use."""
    words = set(_words(template))
    unused = [
        pattern
        for feature in FEATURES
        if not any(asked in word for word in words for asked in feature.words)
        for pattern in feature.actions
    ]
    return {action for action in actions if not any(fnmatchcase(action.lower(), pattern) for pattern in unused)}


def _words(node: Any) -> Iterator[str]:
    """The names and the texts in a template; an action in a policy is neither a feature's name nor its use."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in ("Action", "Description", "Metadata"):
                yield str(key)
                yield from _words(value)
    elif isinstance(node, list):
        for each in node:
            yield from _words(each)
    elif isinstance(node, str):
        yield node
