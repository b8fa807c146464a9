"""What the job writes is what the templates' tables say, type by type; and it runs by Spark 4's rules as well."""

from __future__ import annotations

import re
from dataclasses import asdict

import duckdb
import pytest

from retail.contracts import lake as contract
from retail.local.expected import expected
from retail.local.history import History
from tests import emitted
from tests.jobs.conftest import Lake

HIVE = {
    "VARCHAR": "string",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "DATE": "date",
}


def hive(kind: str) -> str:
    """A type of DuckDB's as Hive calls it."""
    if kind.endswith("[]"):
        return f"array<{hive(kind[:-2])}>"
    if found := re.fullmatch(r"STRUCT\((.*)\)", kind):
        fields = (field.split(" ", 1) for field in found[1].split(", "))
        return "struct<" + ",".join(f"{name}:{hive(of)}" for name, of in fields) + ">"
    return HIVE[kind]


@pytest.mark.parametrize("ansi", ["false", pytest.param("true", marks=pytest.mark.slow)])
def test_the_written_parquet_is_the_templates_table_type_by_type_with_ansi_rules_or_without(
    lake: Lake, ansi: str
) -> None:
    History(orders=60, days=2, broken=0.2).write(lake.root)
    lake.spark.conf.set("spark.sql.ansi.enabled", ansi)
    try:
        counts = lake.run(limit_percent=100)
    finally:
        lake.spark.conf.set("spark.sql.ansi.enabled", "false")
    for domain, found in expected(lake.root).items():
        told = asdict(counts[domain])
        assert told == {name: getattr(found, name) for name in told}
        assert {row["event_id"] for row in lake.rows(domain)} == found.rows.keys()

    for table in emitted.resources("07-analytics", "AWS::Glue::Table").values():
        given = table["Properties"]["TableInput"]
        location = given["StorageDescriptor"]["Location"]["Fn::Sub"][0]
        prefix = location.removeprefix("s3://${Lake}/")
        assert prefix == contract.curated(given["Name"])
        with duckdb.connect() as connection:
            files = f"'{lake.root}/{prefix}dt=*/*.parquet', hive_partitioning = true"
            columns = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({files})").fetchall()
            compressed = connection.execute(
                f"SELECT DISTINCT compression FROM parquet_metadata('{lake.root}/{prefix}dt=*/*.parquet')"
            ).fetchall()
            moments = connection.execute(
                f"SELECT DISTINCT type, converted_type FROM parquet_schema('{lake.root}/{prefix}dt=*/*.parquet') "
                "WHERE name IN ('occurred_at', 'promised_by')"
            ).fetchall()
        assert {name: hive(kind) for name, kind, *_ in columns} == {
            column["Name"]: column["Type"]
            for column in [*given["StorageDescriptor"]["Columns"], *given["PartitionKeys"]]
        }
        assert compressed == [("ZSTD",)]
        assert moments == [("INT64", "TIMESTAMP_MICROS")]
        days = [path.name for path in (lake.root / prefix).glob("dt=*")]
        first, last = given["Parameters"]["projection.dt.range"].split(",")
        assert given["Parameters"]["projection.dt.format"] == "yyyy-MM-dd"
        assert all(re.fullmatch(r"dt=\d{4}-\d\d-\d\d", day) and day >= f"dt={first}" for day in days)
        assert last == "NOW"
