"""Lambda's own metrics of a run, so that the deployed alarms watch these functions too."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from retail.local.functions.runs import Run


def count(cloudwatch: Any, run: Run) -> None:
    """Tell CloudWatch of a run; an emulator that is going down need not know."""
    dimensions = [{"Name": "FunctionName", "Value": run.function}]
    values = {
        "Invocations": (1.0, "Count"),
        "Errors": (float(bool(run.error)), "Count"),
        "Throttles": (0.0, "Count"),
        "Duration": (run.seconds * 1000, "Milliseconds"),
    }
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": run.started, "Value": value, "Unit": unit}
        for name, (value, unit) in values.items()
    ]
    try:
        cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=data)
    except (ClientError, BotoCoreError):
        return
