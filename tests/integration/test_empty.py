"""Emptying what keeps a bucket or a repository from being removed, on an AWS on this machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from retail.local.emulator import Emulator
from retail.ops import empty
from tests.integration.programs import run

REGION = "eu-west-1"
WHERE = ("--region", REGION)


def test_a_bucket_of_more_than_a_page_goes_with_every_version_and_marker(aws: Emulator, tmp_path: Path) -> None:
    s3, name = aws.client("s3", REGION), "emptied-of-all-its-versions"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    with ThreadPoolExecutor(4) as several:
        list(several.map(lambda number: s3.put_object(Bucket=name, Key=f"{number}", Body=b""), range(1001)))
    s3.put_object(Bucket=name, Key="0", Body=b"again")
    s3.delete_object(Bucket=name, Key="1")
    done = run(
        "retail.ops.empty", "--bucket", name, "--remove", *WHERE, directory=tmp_path, environment=aws.environment
    )
    assert done.stdout.splitlines() == [f"{name}: 1,003 versions deleted", f"{name} removed"], done.stderr
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=name)


def test_a_bucket_that_is_not_there_is_one_line(aws: Emulator, tmp_path: Path) -> None:
    done = run("retail.ops.empty", "--bucket", "never-there", *WHERE, directory=tmp_path, environment=aws.environment)
    [line] = done.stderr.splitlines()
    assert done.returncode == 1
    assert line.startswith("never-there is not empty: ")
    assert "NoSuchBucket" in line


def test_a_repository_loses_images_of_one_tag_and_of_several(
    aws: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    ecr, name = aws.client("ecr", REGION), "emptied/images"
    ecr.create_repository(repositoryName=name)
    for tag, image in (("1", "a"), ("2", "a"), ("3", "b")):
        ecr.put_image(
            repositoryName=name, imageTag=tag, imageManifest=f'{{"schemaVersion": 2, "annotations": "{image}"}}'
        )
    empty.empty([("AWS::ECR::Repository", name)], REGION)
    assert ecr.list_images(repositoryName=name)["imageIds"] == []
    assert capsys.readouterr().out == f"{name}: 2 images deleted\n"
