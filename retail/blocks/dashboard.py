"""The operations dashboard: one row of graphs for each tier that the narrative lists, in the order of a request.

Names of resources are ``${Placeholders}``, filled in by the stack that makes the dashboard.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from retail import names
from retail.contracts import metrics

WORKERS = ("Orders", "Inventory", "Notification")
"""The pipelines of the events stack, in the order of its exports."""

WIDTH = 24
"""Columns of a CloudWatch dashboard."""

DEFAULTS = {"width": 6, "stat": "Average"}
"""What CloudWatch takes for a graph that does not say; it is then six rows high too, as all of them are."""

EDGE_REGION = "us-east-1"
"""Where CloudFront and a web ACL of its scope report (T196)."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One graph; ``metrics`` are CloudWatch's own lists of namespace, name, dimensions and options."""

    title: str
    metrics: list[list[Any]]
    statistic: str = "Sum"
    region: str = "${AWS::Region}"

    def widget(self, width: int) -> dict[str, Any]:
        """The graph, so many columns wide."""
        return {
            "type": "metric",
            **said(width=width),
            "properties": {
                "title": self.title,
                "region": self.region,
                **said(stat=self.statistic),
                "period": 60,
                "metrics": abbreviated(self.metrics),
            },
        }


def said(**values: Any) -> dict[str, Any]:
    """The values that are not CloudWatch's own: the template is near the size that is deployed from a file."""
    return {name: value for name, value in values.items() if DEFAULTS[name] != value}


def abbreviated(metrics: list[list[Any]]) -> list[list[Any]]:
    """The metrics in CloudWatch's own shorthand for what they share with the one before.

    ``.`` is the same word, ``...`` all words but the last or all of them. Expressions are left as they are and come
    last, as they are no metric to repeat.
    """
    short: list[list[Any]] = []
    before: list[str] = []
    for metric in metrics:
        words = [word for word in metric if isinstance(word, str)]
        said: list[str] = words
        if words and words[:-1] == before[:-1]:
            said = ["..."] if words == before else ["...", words[-1]]
        elif len(words) == len(before):
            said = ["." if word == same else word for word, same in zip(words, before, strict=True)]
        short.append([*said, *metric[len(words) :]])
        before = words
    return short


def body() -> str:
    """The dashboard's body, a line for each widget: a heading for each tier, its graphs side by side below.

    CloudWatch places what has no place of its own from left to right and then below.
    """
    widgets: list[dict[str, Any]] = []
    for heading, graphs in tiers().items():
        widgets.append({"type": "text", "width": WIDTH, "height": 1, "properties": {"markdown": f"## {heading}"}})
        widgets += [graph.widget(WIDTH // len(graphs)) for graph in graphs]
    lines = ",\n".join(json.dumps(widget, separators=(",", ":")) for widget in widgets)
    return f'{{"widgets": [\n{lines}\n]}}\n'


def tiers() -> dict[str, list[Graph]]:
    """What is to be seen of each tier."""
    return {
        "Edge": edge(),
        "Load balancer": load_balancer(),
        "Storefront": storefront(),
        "Aurora and cache": stores(),
        "Queues": work_queues(),
        "Functions": functions(),
    }


def edge() -> list[Graph]:
    """CloudFront and the web ACL, which report in us-east-1 only."""
    cdn = ["AWS/CloudFront", "Requests", "Region", "Global", "DistributionId", "${Distribution}"]
    acl = ["AWS/WAFV2", "BlockedRequests", "WebACL", names.WEB_ACL_METRIC, "Rule", "ALL"]
    return [
        Graph(title="Requests at the edge", metrics=[cdn], region=EDGE_REGION),
        Graph(
            title="Errors at the edge (%)",
            metrics=[[cdn[0], f"{kind}ErrorRate", *cdn[2:]] for kind in ("4xx", "5xx")],
            statistic="Average",
            region=EDGE_REGION,
        ),
        Graph(title="Requests turned away", metrics=[acl], region=EDGE_REGION),
    ]


def load_balancer() -> list[Graph]:
    """Requests, errors, latency and health behind the front door."""
    balancer = ["LoadBalancer", "${LoadBalancer}"]
    targets = ["TargetGroup", "${TargetGroup}", *balancer]
    space = "AWS/ApplicationELB"
    return [
        Graph(title="Requests", metrics=[[space, "RequestCount", *balancer]]),
        Graph(
            title="5xx answers",
            metrics=[
                [space, "HTTPCode_ELB_5XX_Count", *balancer, {"label": "of the load balancer"}],
                [space, "HTTPCode_Target_5XX_Count", *targets, {"label": "of the storefront"}],
            ],
        ),
        Graph(
            title="Answer time (s)",
            metrics=[
                [space, "TargetResponseTime", *targets, {"stat": "p50"}],
                [space, "TargetResponseTime", *targets, {"stat": "p99"}],
            ],
        ),
        Graph(
            title="Tasks by health",
            metrics=[[space, "HealthyHostCount", *targets], [space, "UnHealthyHostCount", *targets]],
            statistic="Average",
        ),
    ]


def storefront() -> list[Graph]:
    """The ECS service: how many tasks, and how hard they work."""
    service = ["ClusterName", "${Cluster}", "ServiceName", "${Service}"]
    insights = "ECS/ContainerInsights"
    return [
        Graph(
            title="Tasks",
            metrics=[[insights, "RunningTaskCount", *service], [insights, "DesiredTaskCount", *service]],
            statistic="Average",
        ),
        Graph(
            title="CPU and memory (%)",
            metrics=[["AWS/ECS", "CPUUtilization", *service], ["AWS/ECS", "MemoryUtilization", *service]],
            statistic="Average",
        ),
    ]


def stores() -> list[Graph]:
    """Aurora's capacity and connections, the cache's hits and throttling."""
    cluster = ["DBClusterIdentifier", "${Database}"]
    cache = ["clusterId", "${Cache}"]
    return [
        Graph(
            title="Aurora connections",
            metrics=[["AWS/RDS", "DatabaseConnections", *cluster, "Role", role] for role in ("WRITER", "READER")],
            statistic="Maximum",
        ),
        Graph(
            title="Aurora capacity (ACU)",
            metrics=[["AWS/RDS", "ServerlessDatabaseCapacity", *cluster]],
            statistic="Average",
        ),
        Graph(
            title="Cache hit rate (%)",
            metrics=[["AWS/ElastiCache", "CacheHitRate", *cache]],
            statistic="Average",
        ),
        Graph(
            title="Cache: commands refused, bytes kept",
            metrics=[
                ["AWS/ElastiCache", "ThrottledCmds", *cache],
                ["AWS/ElastiCache", "BytesUsedForCache", *cache, {"stat": "Maximum", "yAxis": "right"}],
            ],
        ),
    ]


def work_queues() -> list[Graph]:
    """What waits, in the outbox and in the queues, how long the oldest has waited, and what has failed for good."""
    space = "AWS/SQS"
    visible = "ApproximateNumberOfMessagesVisible"

    def each(metric: str, kind: str) -> list[list[Any]]:
        return [[space, metric, "QueueName", f"${{{worker}{kind}}}", {"label": worker}] for worker in WORKERS]

    def outbox(metric: str) -> list[Any]:
        return [metrics.NAMESPACE, metric, metrics.EVENT_BUS, "${Bus}", {"label": "Outbox"}]

    return [
        Graph(
            title="Queue depth",
            metrics=[*each(visible, "Queue"), outbox(metrics.OUTBOX_WAITING)],
            statistic="Maximum",
        ),
        Graph(
            title="Age of the oldest message (s)",
            metrics=[*each("ApproximateAgeOfOldestMessage", "Queue"), outbox(metrics.OUTBOX_OLDEST_AGE)],
            statistic="Maximum",
        ),
        Graph(title="Dead letters", metrics=each(visible, "DeadLetters"), statistic="Maximum"),
    ]


def functions() -> list[Graph]:
    """The functions' errors, duration and throttling."""

    def each(metric: str) -> list[list[Any]]:
        return [
            ["AWS/Lambda", metric, "FunctionName", f"${{{worker}Function}}", {"label": worker}] for worker in WORKERS
        ]

    return [
        Graph(
            title="Error rate (%)",
            metrics=[
                *[
                    [*series[:-1], {"id": f"{name}{index}", "visible": False}]
                    for name, metric in (("errors", "Errors"), ("calls", "Invocations"))
                    for index, series in enumerate(each(metric))
                ],
                *[
                    [
                        {
                            "expression": f"100 * errors{index} / MAX([calls{index}, errors{index}])",
                            "label": worker,
                        }
                    ]
                    for index, worker in enumerate(WORKERS)
                ],
            ],
        ),
        Graph(title="Duration p99 (ms)", metrics=each("Duration"), statistic="p99"),
        Graph(title="Throttles", metrics=each("Throttles")),
    ]
