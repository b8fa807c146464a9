"""Alarms: named for what is wrong, told to the operations topic when it begins and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere.cloudwatch import Alarm, MetricDimension


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Something that CloudWatch measures, and whom its alarms call."""

    topic_arn: Any
    namespace: str
    dimensions: dict[str, Any]

    def alarm(
        self,
        title: str,
        description: str,
        metric: str,
        *,
        runbook: str,
        threshold: float,
        statistic: str = "Sum",
        comparison: str = "GreaterThanThreshold",
        times: int = 1,
        missing: str = "notBreaching",
    ) -> Alarm:
        """An alarm that a metric's statistic over a minute crosses the threshold ``times`` minutes in a row.

        ``statistic`` is one of CloudWatch's, or a percentile such as ``p99``. ``runbook`` is the page, below
        docs/runbooks/alarms, for whoever is called.
        """
        kind = {"ExtendedStatistic": statistic} if statistic.startswith("p") else {"Statistic": statistic}
        return Alarm(
            title,
            AlarmDescription=f"{description} Runbook: docs/runbooks/alarms/{runbook}.md",
            Namespace=self.namespace,
            MetricName=metric,
            Dimensions=[MetricDimension(Name=name, Value=value) for name, value in self.dimensions.items()],
            ComparisonOperator=comparison,
            Threshold=threshold,
            Period=60,
            EvaluationPeriods=times,
            TreatMissingData=missing,
            AlarmActions=[self.topic_arn],
            OKActions=[self.topic_arn],
            **kind,
        )
