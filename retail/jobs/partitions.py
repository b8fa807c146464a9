"""The days of a table in the Glue catalog. Athena projects them; Redshift knows only those that are registered."""

from __future__ import annotations

from typing import Any

from retail.contracts.lake import PARTITION

MOST_AT_ONCE = 100
"""As many as BatchCreatePartition takes."""


class RegistrationError(Exception):
    """The catalog refuses a day; the text names the table, the day and why."""


def register(glue: Any, database: str, table: str, days: list[str]) -> None:
    """Register a table's days; those that are there already get the table's columns of today. Raises ClientError, or
    RegistrationError for single days.
    """
    if not days:
        return
    storage = glue.get_table(DatabaseName=database, Name=table)["Table"]["StorageDescriptor"]
    partitions: list[dict[str, Any]] = [
        {"Values": [day], "StorageDescriptor": {**storage, "Location": _location(storage, day)}} for day in days
    ]
    for start in range(0, len(partitions), MOST_AT_ONCE):
        some = partitions[start : start + MOST_AT_ONCE]
        done = glue.batch_create_partition(DatabaseName=database, TableName=table, PartitionInputList=some)
        refused = {error["PartitionValues"][0]: error["ErrorDetail"] for error in done.get("Errors", [])}
        for partition in some:
            error = refused.get(partition["Values"][0])
            if error and error["ErrorCode"] != "AlreadyExistsException":
                raise RegistrationError(f"{database}.{table}, {partition['Values'][0]}: {error}")
            if error:
                _renew(glue, database, table, partition)


def _renew(glue: Any, database: str, table: str, partition: dict[str, Any]) -> None:
    """Give a day that is registered the table's columns, where it has others."""
    names = {"DatabaseName": database, "TableName": table}
    there = glue.get_partition(**names, PartitionValues=partition["Values"])["Partition"]["StorageDescriptor"]
    wanted = partition["StorageDescriptor"]
    if (there.get("Columns"), there.get("Location")) != (wanted.get("Columns"), wanted["Location"]):
        glue.update_partition(**names, PartitionValueList=partition["Values"], PartitionInput=partition)


def _location(storage: dict[str, Any], day: str) -> str:
    return f"{storage['Location'].rstrip('/')}/{PARTITION[0]}={day}/"
