"""Rejected lines, each with why, whence and when; a line that is rejected again is not there twice."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from retail.contracts import lake
from retail.jobs import publishing
from retail.jobs.stores import Store

DAY = lake.PARTITION[0]
COLUMNS = {"source": "string", "reason": "string", "text": "string", "times": "bigint", "rejected_on": "date"}
"""`times` is how often the very line stands in its source, `rejected_on` the date of the run that rejected it first."""

UNDATED = "undated"
"""The day of a source that lies in no day's folder."""


def write(spark: SparkSession, store: Store, domain: str, bad: DataFrame, now: datetime) -> None:
    """Add rejected lines to ``quarantine/<domain>/dt=<day of the source>/``, as JSON."""
    prefix = lake.quarantine(domain)
    publishing.clear(store, prefix)
    day = F.regexp_extract("source", f"/{DAY}=([^/]+)/", 1)
    # As it can be read back from JSON, or a line that is not UTF-8 would be another one the next time.
    text = F.decode(F.col("text").cast("binary"), "UTF-8")
    new = (
        bad.withColumn("text", text)
        .groupBy("source", "reason", "text")
        .agg(F.count("*").alias("times"))
        .withColumn("rejected_on", F.lit(now.date()))
        .withColumn(DAY, F.when(day != "", day).otherwise(UNDATED))
    )
    days = [row[0] for row in new.select(DAY).distinct().collect()]
    there = [each.key for day in sorted(days) for each in store.objects(f"{prefix}{DAY}={day}/")]
    rows = new
    if there:
        schema = ",".join(f"{name} {kind}" for name, kind in {**COLUMNS, DAY: "string"}.items())
        old = spark.read.schema(schema).option("basePath", store.uri(prefix)).json([store.uri(key) for key in there])
        rows = (
            new.unionByName(old)
            .groupBy("source", "reason", "text", DAY)
            .agg(F.max("times").alias("times"), F.min("rejected_on").alias("rejected_on"))
        )
    (
        rows.select(*COLUMNS, DAY)
        .repartition(DAY)
        .sortWithinPartitions(DAY, "source", "reason", "text")
        .write.mode("overwrite")
        .partitionBy(DAY)
        .json(store.uri(prefix + publishing.STAGING))
    )
    publishing.publish(store, prefix)
