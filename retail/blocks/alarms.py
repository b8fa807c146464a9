"""Alarms: named for what is wrong, told to the operations topic when it begins and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere.cloudwatch import Alarm, Metric, MetricDataQuery, MetricDimension, MetricStat

PERIOD_SECONDS = 60


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
        within: int | None = None,
        missing: str = "notBreaching",
    ) -> Alarm:
        """An alarm that a metric's statistic over a minute crosses the threshold.

        It does so ``times`` minutes in a row; or, where what is watched pauses in between, in so many minutes of those
        ``within``. ``statistic`` is one of CloudWatch's, or a percentile such as ``p99``. ``runbook`` is the page,
        below docs/runbooks/alarms, for whoever is called.
        """
        kind = {"ExtendedStatistic": statistic} if statistic.startswith("p") else {"Statistic": statistic}
        return Alarm(
            title,
            AlarmDescription=_described(description, runbook),
            Namespace=self.namespace,
            MetricName=metric,
            Dimensions=_dimensions(self.dimensions),
            ComparisonOperator=comparison,
            Threshold=threshold,
            Period=PERIOD_SECONDS,
            TreatMissingData=missing,
            **kind,
            **_lasting(times, within),
            **_calling(self.topic_arn),
        )

    def calculated(
        self,
        title: str,
        description: str,
        expression: str,
        *,
        of: dict[str, tuple[str, dict[str, Any]]],
        runbook: str,
        threshold: float,
        statistic: str = "Sum",
        times: int = 1,
        within: int | None = None,
    ) -> Alarm:
        """An alarm that what is calculated of some metrics is above the threshold.

        ``of`` gives, by its name in the expression, each metric and the dimensions that it has besides the watched
        ones. Minutes in which there is nothing to calculate are good ones.
        """
        measured = [
            MetricDataQuery(
                Id=name,
                ReturnData=False,
                MetricStat=MetricStat(
                    Metric=Metric(
                        Namespace=self.namespace,
                        MetricName=metric,
                        Dimensions=_dimensions(self.dimensions | more),
                    ),
                    Period=PERIOD_SECONDS,
                    Stat=statistic,
                ),
            )
            for name, (metric, more) in of.items()
        ]
        return Alarm(
            title,
            AlarmDescription=_described(description, runbook),
            Metrics=[MetricDataQuery(Id="result", Expression=expression, ReturnData=True), *measured],
            ComparisonOperator="GreaterThanThreshold",
            Threshold=threshold,
            TreatMissingData="notBreaching",
            **_lasting(times, within),
            **_calling(self.topic_arn),
        )


def _described(description: str, runbook: str) -> str:
    return f"{description} Runbook: docs/runbooks/alarms/{runbook}.md"


def _dimensions(named: dict[str, Any]) -> list[MetricDimension]:
    return [MetricDimension(Name=name, Value=value) for name, value in named.items()]


def _lasting(times: int, within: int | None) -> dict[str, Any]:
    return {"EvaluationPeriods": times} if within is None else {"EvaluationPeriods": within, "DatapointsToAlarm": times}


def _calling(topic_arn: Any) -> dict[str, Any]:
    return {"AlarmActions": [topic_arn], "OKActions": [topic_arn]}
