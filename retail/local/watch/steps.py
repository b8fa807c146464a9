"""The eight steps of the narrative, and which resources of the stacks each box stands for.

They follow the deployed wiring, so that a behaviour or pipeline more is one more in the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from retail.contracts import lake
from retail.local.watch.boxes import Lane, Part, Step
from retail.local.watch.facts import Pipeline


def steps(behaviours: Sequence[str], shop: Sequence[Pipeline], objects: Sequence[Pipeline]) -> tuple[Step, ...]:
    """All of them: `shop` are the pipelines behind the bus, `objects` those behind the lake's new objects."""
    return (
        *_way_in(behaviours),
        _application(),
        _data_tier(),
        Step(7, "events", "Events", "EventBridge · SQS · Lambda · SNS", "events", _events(shop)),
        Step(8, "analytics", "Analytics", "S3 · Glue · Athena · Redshift", "analytics", _analytics(objects)),
    )


def _way_in(behaviours: Sequence[str]) -> Iterable[Step]:
    yield Step(
        1,
        "browser",
        "Browser",
        "Route 53",
        "ingress",
        [
            Lane(
                "browser",
                [
                    Part("browser", "Shopper", "ingress", hint="in any browser"),
                    Part("dns", "DNS", "ingress", ("AWS::Route53::",), hint="to CloudFront"),
                ],
            )
        ],
    )
    yield Step(
        2,
        "perimeter",
        "Perimeter",
        "AWS WAF",
        "ingress-waf",
        [Lane("perimeter", [Part("waf", "Web ACL", "ingress-waf", ("AWS::WAFv2::",), hint="every request")])],
    )
    yield Step(
        3,
        "cdn",
        "CDN",
        "CloudFront",
        "ingress",
        [
            Lane(
                "cdn",
                [
                    Part(f"behaviour-{number}", pattern, "ingress", ("AWS::CloudFront::",))
                    for number, pattern in enumerate(behaviours)
                ],
            )
        ],
    )
    yield Step(
        4,
        "balancer",
        "Load balancer",
        "Accelerator · ALB",
        "ingress",
        [
            Lane(
                "balancer",
                [
                    Part(
                        "accelerator",
                        "Accelerator",
                        "ingress",
                        ("AWS::GlobalAccelerator::",),
                        hint="recorded only",
                        is_recorded_only=True,
                    ),
                    Part(
                        "listener",
                        "Listener",
                        "ingress",
                        ("AWS::ElasticLoadBalancingV2::L", "AWS::CertificateManager::"),
                        hint="X-Origin-Verify, or 403",
                    ),
                    Part("targets", "Targets", "ingress", ("AWS::ElasticLoadBalancingV2::TargetGroup",)),
                ],
            )
        ],
    )


def _application() -> Step:
    return Step(
        5,
        "application",
        "Application",
        "ECS Fargate",
        "application",
        [
            Lane(
                "application",
                [
                    Part("tasks", "Storefront", "application", ("AWS::ECS::", "AWS::ApplicationAutoScaling::")),
                    Part("relay", "Outbox relay", "application", ids=("StorefrontTask", "TaskRole")),
                ],
            )
        ],
    )


def _data_tier() -> Step:
    return Step(
        6,
        "data",
        "Data tier",
        "ElastiCache · Aurora",
        "data",
        [
            Lane(
                "data",
                [
                    Part("cache", "Cache", "data", ("AWS::ElastiCache::",)),
                    Part("reader", "Reader", "data", ids=("DatabaseReader",)),
                    Part("writer", "Writer", "data", ("AWS::RDS::DBCluster",), ids=("DatabaseWriter",)),
                    Part("carts", "Carts", "data", ("AWS::DynamoDB::",)),
                ],
            )
        ],
    )


def _events(pipelines: Sequence[Pipeline]) -> list[Lane]:
    buses = (
        Part("bus", "RetailEventBus", "events", ("AWS::Events::EventBus",), ids=("BusUndelivered",)),
        Part("archive", "Archive", "events", ("AWS::Events::Archive",)),
    )
    return [
        Lane("bus", buses),
        *(Lane(pipeline.rule, _pipeline(pipeline), _words(pipeline.rule)) for pipeline in pipelines),
        Lane("topic", [Part("topic", "Topic", "events", ("AWS::SNS::",), ids=("ToldTable",))]),
    ]


def _pipeline(pipeline: Pipeline) -> list[Part]:
    stack = pipeline.stack
    name = pipeline.queue.removesuffix("Queue")
    return [
        Part(f"rule-{pipeline.rule}", "Rule", stack, ids=(pipeline.rule,), hint=", ".join(pipeline.matches)),
        Part(f"queue-{pipeline.queue}", "Queue", stack, ids=(pipeline.queue, f"{name}Undelivered")),
        Part(f"dead-{pipeline.queue}", "DLQ", stack, ids=(pipeline.dead_letters,)),
        Part(f"function-{pipeline.function}", _words(pipeline.function), stack, ids=(pipeline.function,)),
    ]


def _analytics(pipelines: Sequence[Pipeline]) -> list[Lane]:
    raw = [Part(f"raw-{domain}", lake.raw(domain), "data", ids=("LakeBucket",)) for domain in lake.DOMAINS]
    curated = [
        Part(f"curated-{domain}", lake.curated(domain), "analytics", ids=(f"Curated{domain.title()}",))
        for domain in lake.DOMAINS
    ]
    return [
        Lane("raw", raw, "Raw lake"),
        Lane(
            "crawling",
            [
                *(part for pipeline in pipelines for part in _pipeline(pipeline)[1:]),
                Part("crawlers", "Crawlers", "analytics", ("AWS::Glue::Crawler", "AWS::Glue::Database")),
            ],
            "New objects",
        ),
        Lane(
            "curated",
            [
                Part("job", "Nightly job", "analytics", ("AWS::Glue::Job", "AWS::Glue::Trigger"), hint="Spark"),
                *curated,
            ],
            "Curated",
        ),
        Lane(
            "queries",
            [
                Part("athena", "Athena", "analytics", ("AWS::Athena::",)),
                Part(
                    "warehouse",
                    "Redshift",
                    "analytics",
                    ("AWS::RedshiftServerless::",),
                    hint="recorded only",
                    is_recorded_only=True,
                ),
            ],
            "Queries",
        ),
    ]


def _words(name: str) -> str:
    """A logical id as words: ``OrderProcessingRule`` is ``Order processing``."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name.removesuffix("Rule"))
    return words.strip().capitalize()
