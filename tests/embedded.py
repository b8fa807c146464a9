"""The metrics that CloudWatch finds in a log line (embedded metric format), and the one that an emitted alarm reads."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.emitted import properties
from tests.test_names import resolve


class Metric(NamedTuple):
    """What CloudWatch knows a metric by: any other spelling of it is another metric."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


def measured(line: dict[str, Any]) -> dict[Metric, float]:
    """The metrics of a log line. Raises AssertionError for a line of which CloudWatch would make none."""
    found: dict[Metric, float] = {}
    if "_aws" in line:
        assert isinstance(line["_aws"]["Timestamp"], int)
        for declared in line["_aws"]["CloudWatchMetrics"]:
            for names in declared["Dimensions"]:
                assert all(isinstance(line[name], str) and line[name] for name in names), names
                dimensions = frozenset((name, line[name]) for name in names)
                for each in declared["Metrics"]:
                    assert isinstance(line[each["Name"]], int | float), each
                    found[Metric(declared["Namespace"], each["Name"], dimensions)] = line[each["Name"]]
    return found


def asked(file: str, alarm: str) -> Metric:
    """The metric that an emitted alarm looks at, with the parameters' defaults."""
    settings = properties(file, alarm)
    dimensions = frozenset((each["Name"], resolve(file, each["Value"])) for each in settings["Dimensions"])
    return Metric(settings["Namespace"], settings["MetricName"], dimensions)
