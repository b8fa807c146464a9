"""A run's counts as metrics of CloudWatch.

By PutMetricData, which Glue's roles may do in Glue's own namespace and need for its job metrics anyway. Metrics in a
log line would be less code, but nothing says that CloudWatch takes them out of what Glue writes of a job's output.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from retail.jobs.counts import Counts

NAMESPACE = "Glue"
"""The one that the role's policy admits."""

log = logging.getLogger(__name__)


def put(cloudwatch: Any, job: str, domain: str, counts: Counts) -> None:
    """Put the counts as ``retail.rows.<what>`` of the job and domain. Rows matter more: a failure is logged only."""
    dimensions = [{"Name": "JobName", "Value": job}, {"Name": "Domain", "Value": domain}]
    data = [
        {"MetricName": f"retail.rows.{what}", "Dimensions": dimensions, "Value": rows, "Unit": "Count"}
        for what, rows in asdict(counts).items()
    ]
    try:
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)
    except (BotoCoreError, ClientError):
        log.exception("the counts are not among the metrics", extra={"domain": domain})
