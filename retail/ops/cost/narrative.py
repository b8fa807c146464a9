"""The narrative's monthly cost estimate, and why the computed one differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from retail.ops.cost.bill import Line

PROFILE = "moderate"
"""The traffic that the narrative's table is for."""

TABLE = {
    "01-networking": 70,
    "02-security": 2,
    "03-ingress": 42,
    "04-application": 34,
    "05-data": 145,
    "06-events": 3,
    "07-analytics": 73,
}
"""Dollars a month; 369 in all."""

NOTABLE = 0.10

WHY = {
    "01-networking": "Left out are {ipv4_hour} for the NAT gateways' public addresses, billed since February "
    "2024, and {endpoint_hour} for the endpoint by which the warehouse reaches the Glue catalogue.",
    "02-security": "Key and two secrets are the narrative's row; {key_request} for requests to the key and {s3_put} "
    "for writes to the logs bucket come on top.",
    "03-ingress": "Global Accelerator does not fit into the narrative's row: {accelerator_hour}, and two of the four "
    "public addresses that cost {ipv4_hour}.",
    "04-application": "Two tasks are the narrative's row; {metric_month} for Container Insights and what the relays "
    "report and {zone_month} for Cloud Map's zone come on top.",
    "05-data": "The row holds a reader only beside Valkey, at an average of 0.73 capacity units: Redis OSS is "
    "billed for 1 GB at least, {cache_redis_gb_hour}.",  # T220
    "06-events": "The narrative's row is little more than requests within the free tiers; {alarm_month} for alarms and "
    "{metric_month} for what the functions count come on top.",
    "07-analytics": "The crawlers are left out: {crawler_dpu_hour} even at two starts a day each, as a crawl "
    "is billed for ten minutes at least.",  # T178
}
"""What a difference comes from, with the dollars of the lines that it names."""


def difference(stack: str, dollars: float) -> float:
    """How far the computed cost is from the narrative's, as a part of it."""
    return dollars / TABLE[stack] - 1


def reasons(totals: dict[str, float], lines: Iterable[Line]) -> dict[str, str]:
    """A sentence for each stack that differs notably."""
    told = {}
    by_price: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for line in lines:
        by_price[line.stack][line.price.key] += line.dollars
    for stack, dollars in totals.items():
        if stack in TABLE and abs(difference(stack, dollars)) > NOTABLE:
            shown = defaultdict(lambda: "0.00", {key: f"{amount:.2f}" for key, amount in by_price[stack].items()})
            told[stack] = WHY[stack].format_map(shown)
    return told
