"""Empty what keeps a bucket, a repository or a vault from being removed.

python -m retail.ops.empty --bucket NAME                # all versions and delete markers, for good
python -m retail.ops.empty --bucket NAME --remove       # and the bucket
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from retail.ops import cli
from retail.ops.cli import Parser, StackError, say

PROGRAM = "retail.ops.empty"

OBJECTS_AT_ONCE = 1000
IMAGES_AT_ONCE = 100
TOLD_EVERY = 10_000
"""Objects between two words of progress."""


def bucket(name: str, region: str) -> None:
    """Delete every version and every delete marker, page by page. Raises StackError if one will not go."""
    s3 = boto3.client("s3", region_name=region)
    deleted, told = 0, TOLD_EVERY
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name, MaxKeys=OBJECTS_AT_ONCE):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not versions:
            continue
        names = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
        failed = s3.delete_objects(Bucket=name, Delete={"Objects": names, "Quiet": True}).get("Errors", [])
        if failed:
            raise StackError(f"{name} is not empty: {failed[0]['Key']}: {failed[0].get('Message', failed[0]['Code'])}")
        deleted += len(versions)
        if deleted >= told:
            say(f"{name}: {deleted:,} versions deleted ...")
            told += TOLD_EVERY
    say(f"{name}: {deleted:,} versions deleted")


def repository(name: str, region: str) -> None:
    """Delete every image; those that others refer to go after these. Raises StackError if one will not go."""
    ecr = boto3.client("ecr", region_name=region)
    deleted = 0
    while images := ecr.list_images(repositoryName=name, maxResults=IMAGES_AT_ONCE)["imageIds"]:
        # By their digests: by its tag, an image loses only the tag as long as it has another.
        digests = [{"imageDigest": digest} for digest in sorted({each["imageDigest"] for each in images})]
        answer = ecr.batch_delete_image(repositoryName=name, imageIds=digests)
        gone = {each["imageDigest"] for each in answer["imageIds"]}
        if not gone:
            raise StackError(f"{name} is not empty: {answer['failures'][0]['failureReason']}")
        deleted += len(gone)
    say(f"{name}: {deleted:,} images deleted")


def vault(name: str, region: str) -> None:
    """Delete every recovery point. Raises StackError if one will not go, e.g. because the vault is locked."""
    backup = boto3.client("backup", region_name=region)
    points: list[Any] = [
        point
        for page in backup.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName=name)
        for point in page["RecoveryPoints"]
    ]
    for point in points:
        backup.delete_recovery_point(BackupVaultName=name, RecoveryPointArn=point["RecoveryPointArn"])
    say(f"{name}: {len(points):,} recovery points deleted")


EMPTIED = {"AWS::S3::Bucket": bucket, "AWS::ECR::Repository": repository, "AWS::Backup::BackupVault": vault}
"""What can be emptied, by type."""


def empty(resources: Iterable[tuple[str, str]], region: str) -> None:
    """Empty what can be of the given types and names. Raises StackError at the first that cannot."""
    for kind, name in resources:
        if kind not in EMPTIED:
            continue
        try:
            EMPTIED[kind](name, region)
        except (ClientError, BotoCoreError) as error:
            raise StackError(f"{name} is not empty: {error}") from None


def main() -> int:
    """Empty a bucket as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: _main(sys.argv[1:]))


def _main(arguments: Sequence[str]) -> None:
    parser = Parser(prog=f"python -m {PROGRAM}", description="Empty a bucket, for good.")
    parser.add_argument("--bucket", required=True, help="its name")
    parser.add_argument("--remove", action="store_true", help="remove the bucket as well")
    parser.add_argument("--region", default="", help="the bucket's Region; else the one that the AWS CLI is set up for")
    asked = parser.parse_args(arguments)
    cli.check_tool()
    region = cli.primary_region(asked.region)
    cli.check_credentials(region)
    empty([("AWS::S3::Bucket", asked.bucket)], region)
    if asked.remove:
        cli.aws("s3api", "delete-bucket", "--bucket", asked.bucket, region=region)
        say(f"{asked.bucket} removed")


if __name__ == "__main__":
    sys.exit(main())
