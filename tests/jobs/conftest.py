"""One Spark for the run, and lakes in folders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from retail.contracts import lake as contract
from retail.jobs import session
from retail.jobs.counts import Counts
from retail.jobs.run import run
from retail.jobs.stores import Folder

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
"""When these tests' job runs."""

NOTHING = {domain: Counts() for domain in contract.DOMAINS}


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """Spark, started once."""
    with pytest.MonkeyPatch.context() as patch:
        # What is compiled well pays only where there is much to do. For this JVM, not for those of other folders.
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        running = session.here(memory="3g")
    running.conf.set("spark.sql.shuffle.partitions", "2")
    yield running
    running.stop()


@dataclass(frozen=True)
class Lake:
    """A lake in a folder."""

    root: Path
    spark: SparkSession

    def put(self, key: str, *records: Any) -> Path:
        """Write an object: bytes as they are, or records as lines; text stands for a line of its own."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if len(records) == 1 and isinstance(records[0], bytes):
            path.write_bytes(records[0])
        else:
            lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def run(self, **options: Any) -> dict[str, Counts]:
        """Run the job at NOW."""
        return run(self.spark, Folder(self.root), options.pop("now", NOW), **options)

    def rows(self, domain: str) -> list[dict[str, Any]]:
        """A curated table's rows in the order of event ids, as DuckDB reads them, each with its day `dt`."""
        if not list((self.root / contract.curated(domain)).glob("dt=*/*.parquet")):
            return []
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            files = f"{self.root}/{contract.curated(domain)}dt=*/*.parquet"
            found = connection.execute(
                f"SELECT * FROM read_parquet('{files}', hive_partitioning = true) ORDER BY event_id"
            )
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def quarantined(self, domain: str) -> list[dict[str, Any]]:
        """What is in a domain's quarantine."""
        files = sorted((self.root / contract.quarantine(domain)).rglob("*.json"))
        return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]

    def written(self) -> dict[str, bytes]:
        """Every file that readers see of the curated tables and the quarantine."""
        found = [
            path for part in (contract.CURATED, contract.QUARANTINE) for path in (self.root / part).rglob("dt=*/*")
        ]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found if path.is_file()}


@pytest.fixture
def lake(tmp_path: Path, spark: SparkSession) -> Lake:
    """A lake with nothing in it."""
    return Lake(tmp_path, spark)


@pytest.fixture(scope="module")
def shared_lake(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> Callable[[str], Lake]:
    """Lakes for all the tests of a module."""
    return lambda name: Lake(tmp_path_factory.mktemp(name), spark)


def placed(number: int, day: str = "2026-11-01", **changed: Any) -> dict[str, Any]:
    """An order placed, as the lake keeps it."""
    return {
        "event_type": "OrderPlaced",
        "version": 1,
        "event_id": f"{number:08d}-aaaa-4aaa-aaaa-aaaaaaaaaaaa",
        "occurred_at": f"{day}T10:00:00.000000Z",
        "order_id": f"order-{number}",
        "customer_id": "c-1",
        "currency": "USD",
        "total_cents": 1800,
        "items": [{"sku": "KIT-101", "quantity": 1, "unit_price_cents": 1800}],
        "promised_by": f"{day}T23:00:00.000000Z",
    } | changed


def product(sku: str, version: int, day: str = "2026-11-01", **changed: Any) -> dict[str, Any]:
    """A version of a product, as the seed writes it."""
    return {
        "event_id": f"{sku}-{version}",
        "occurred_at": f"{day}T10:00:00.000000Z",
        "sku": sku,
        "version": version,
        "name": "Hearth Mug",
        "category": "kitchen",
        "currency": "USD",
        "price_cents": 1800,
    } | changed
