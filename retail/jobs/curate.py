"""The script that Glue loads: the lake's raw JSON to typed Parquet, each night.

    python -m retail.jobs.curate --lake FOLDER        # the same on this machine

Optional, here as there: ``--days 2026-11-01,2026-11-02`` reads the raw folders of these days again (``all``: every
one); ``--rejected-limit-percent 5`` is the share of a domain's rows above which the job fails, after all is written.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from retail.jobs import metrics, partitions, session
from retail.jobs.counts import Counts
from retail.jobs.run import LIMIT_PERCENT, TooManyRejected, run
from retail.jobs.stores import Bucket, Folder
from retail.runtime.logging import configure

OPTIONAL = {"days": "", "rejected-limit-percent": str(LIMIT_PERCENT)}


class InputError(Exception):
    """Something given is wrong, and nothing has been touched."""


def in_glue(arguments: list[str]) -> None:
    """The job in Glue. Whatever it raises, Glue reports as the reason of the failure."""
    import boto3
    from awsglue.context import GlueContext  # type: ignore[import-not-found]  # it is in Glue only
    from awsglue.job import Job  # type: ignore[import-not-found]  # it is in Glue only
    from awsglue.utils import getResolvedOptions  # type: ignore[import-not-found]  # it is in Glue only

    given = [name for name in OPTIONAL if f"--{name}" in arguments]
    told = getResolvedOptions(arguments, ["JOB_NAME", "lake-bucket", "database", *given])
    # Glue's parser has its names with underscores.
    again, limit = _checked({name: told.get(name.replace("-", "_"), default) for name, default in OPTIONAL.items()})
    spark = session.in_glue()
    job = Job(GlueContext(spark.sparkContext))
    job.init(told["JOB_NAME"], told)
    glue, cloudwatch = boto3.client("glue"), boto3.client("cloudwatch")

    def done(domain: str, counts: Counts, days: list[str]) -> None:
        partitions.register(glue, told["database"], domain, days)
        metrics.put(cloudwatch, told["JOB_NAME"], domain, counts)

    run(
        spark,
        Bucket(told["lake_bucket"], boto3.client("s3")),
        datetime.now(UTC),
        limit_percent=limit,
        again=again,
        done=done,
    )
    # Bookmarks: none of the readers above has one, see retail/jobs/ledger.py; this ends the run that init began.
    job.commit()


def here(arguments: list[str]) -> None:
    """The job on a folder of this machine, with neither catalog nor metrics."""
    parser = argparse.ArgumentParser(prog="python -m retail.jobs.curate", description="Curate a lake in a folder.")
    parser.add_argument("--lake", type=Path, required=True, help="the folder of the lake, with its raw events")
    parser.add_argument("--days", default="", help="days to read again, such as 2026-11-01,2026-11-02, or all")
    parser.add_argument("--rejected-limit-percent", default=OPTIONAL["rejected-limit-percent"])
    told = parser.parse_args(arguments[1:])
    again, limit = _checked({"days": told.days, "rejected-limit-percent": told.rejected_limit_percent})
    if not told.lake.is_dir():
        raise InputError(f"--lake {told.lake}: there is no such folder")
    run(session.here(), Folder(told.lake), datetime.now(UTC), limit_percent=limit, again=again)


def _checked(told: dict[str, str]) -> tuple[frozenset[str], float]:
    """The days to read again, and the limit. Raises InputError."""
    days = frozenset(told["days"].replace(",", " ").split())
    wrong = sorted(day for day in days if not re.fullmatch(r"all|\d{4}-\d\d-\d\d", day))
    if wrong:
        raise InputError(f"--days {wrong[0]}: give days such as 2026-11-01,2026-11-02, or all")
    limit = told["rejected-limit-percent"]
    if not re.fullmatch(r"\d{1,3}(\.\d+)?", limit) or float(limit) > 100:
        raise InputError(f"--rejected-limit-percent {limit}: give a number from 0 to 100")
    return days, float(limit)


def main(arguments: list[str]) -> int:
    """0, or here 1 when too much was rejected and 2 for wrong input; in Glue these are raised."""
    configure("curate")
    # It tells when Spark's process is done with a thread.
    logging.getLogger("py4j").setLevel(logging.WARNING)
    if "--lake-bucket" in arguments:
        in_glue(arguments)
        return 0
    try:
        here(arguments)
    except (TooManyRejected, InputError) as error:
        print(f"curate: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    return 0


if __name__ == "__main__":
    # Glue calls it a failure when a script ends by sys.exit, even with 0.
    status = main(sys.argv)
    if status:
        sys.exit(status)
