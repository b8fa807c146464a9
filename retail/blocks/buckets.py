"""Buckets: closed to the public, TLS only, the owner's objects, old versions tidied away."""

from __future__ import annotations

from typing import Any

from awacs import s3 as actions
from awacs.aws import Statement
from troposphere import GetAtt, Ref
from troposphere.s3 import (
    AbortIncompleteMultipartUpload,
    Bucket,
    BucketEncryption,
    BucketPolicy,
    LifecycleConfiguration,
    LifecycleRule,
    NoncurrentVersionExpiration,
    OwnershipControls,
    OwnershipControlsRule,
    PublicAccessBlockConfiguration,
    ServerSideEncryptionByDefault,
    ServerSideEncryptionRule,
    VersioningConfiguration,
)

from retail import policies
from retail.stack import STATEFUL, accepted

TIDY = LifecycleRule(
    Id="TidyUp",
    Status="Enabled",
    AbortIncompleteMultipartUpload=AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
    NoncurrentVersionExpiration=NoncurrentVersionExpiration(NoncurrentDays=30),
)


def under_key(key_arn: Any) -> BucketEncryption:
    """Encryption under the platform's key, with one data key for many objects (T147)."""
    return BucketEncryption(
        ServerSideEncryptionConfiguration=[
            ServerSideEncryptionRule(
                BucketKeyEnabled=True,
                ServerSideEncryptionByDefault=ServerSideEncryptionByDefault(
                    SSEAlgorithm="aws:kms", KMSMasterKeyID=key_arn
                ),
            )
        ]
    )


LOG_OF_LOGS = accepted(CKV_AWS_18="A bucket of access logs that logged its own access would never come to rest.")

BY_S3 = BucketEncryption(
    ServerSideEncryptionConfiguration=[
        ServerSideEncryptionRule(ServerSideEncryptionByDefault=ServerSideEncryptionByDefault(SSEAlgorithm="AES256"))
    ]
)
"""Encryption by S3's own key: the only one that the writers of access logs accept (T62)."""


def bucket(
    title: str,
    *,
    encryption: BucketEncryption,
    rules: list[LifecycleRule],
    tags: Any,
    ownership: str = "BucketOwnerEnforced",
    **properties: Any,
) -> Bucket:
    """A versioned bucket that nobody outside the account can be let into."""
    return Bucket(
        title,
        BucketEncryption=encryption,
        PublicAccessBlockConfiguration=PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        OwnershipControls=OwnershipControls(Rules=[OwnershipControlsRule(ObjectOwnership=ownership)]),
        VersioningConfiguration=VersioningConfiguration(Status="Enabled"),
        LifecycleConfiguration=LifecycleConfiguration(Rules=[*rules, TIDY]),
        Tags=tags,
        **properties,
        **STATEFUL,
    )


def bucket_policy(owner: Bucket, *statements: Statement) -> BucketPolicy:
    """The bucket's policy: TLS only, and what the given statements admit."""
    return BucketPolicy(
        f"{owner.title}Policy",
        Bucket=Ref(owner),
        PolicyDocument=policies.policy(
            policies.only_over_tls(*policies.bucket_arns(GetAtt(owner, "Arn")), actions=[actions.Action("*")]),
            *statements,
        ),
    )
