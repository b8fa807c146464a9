"""Alarms: named for what is wrong, told to the operations topic when it begins and when it ends."""

from __future__ import annotations

from typing import Any

from troposphere.cloudwatch import Alarm, MetricDimension

GREATER = "GreaterThanThreshold"
GREATER_OR_EQUAL = "GreaterThanOrEqualToThreshold"


def alarm(
    title: str,
    description: str,
    *,
    topic_arn: Any,
    namespace: str,
    metric: str,
    dimensions: dict[str, Any],
    threshold: float,
    statistic: str = "Sum",
    comparison: str = GREATER,
    minutes: int = 1,
    times: int = 1,
    missing: str = "notBreaching",
) -> Alarm:
    """An alarm that a metric's statistic over ``minutes`` crosses the threshold ``times`` periods in a row.

    ``statistic`` is one of CloudWatch's, or a percentile such as ``p99``.
    """
    kind = {"ExtendedStatistic": statistic} if statistic.startswith("p") else {"Statistic": statistic}
    return Alarm(
        title,
        AlarmDescription=description,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[MetricDimension(Name=name, Value=value) for name, value in dimensions.items()],
        ComparisonOperator=comparison,
        Threshold=threshold,
        Period=60 * minutes,
        EvaluationPeriods=times,
        TreatMissingData=missing,
        AlarmActions=[topic_arn],
        OKActions=[topic_arn],
        **kind,
    )
