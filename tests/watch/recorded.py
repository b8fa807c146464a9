"""A platform as it was at some moments: snapshots of the page's own dataclasses, played to the page one by one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from retail.local.watch.facts import (
    CacheStatistics,
    Data,
    Depth,
    Event,
    Handled,
    LakeObject,
    Order,
    Pipeline,
    Prefix,
    Reader,
    Shop,
)
from retail.local.watch.watched import Answer, Counts, Outcome, Process, Request, Resource, Run, Snapshot

START = 1_795_000_000.0
ORDER = "3f6c2a91-5b7e-4c1d-9a42-7d1f0c8be611"
PLACED, RESERVED = "0b6f8c1e-0000-4000-8000-000000000001", "0b6f8c1e-0000-4000-8000-000000000002"
BEHAVIOURS = ("/api/*", "/static/*", "/images/*", "Default (*)")
RULES = ("RateLimit", "IpReputation", "CommonRuleSet", "KnownBadInputs", "SqlInjection", "Anonymous")


def pipeline(name: str, function: str, package: str, *matches: str, stack: str = "events") -> Pipeline:
    """A pipeline with the logical ids that the templates give it."""
    return Pipeline(
        stack, f"{name}Rule", matches, f"{name}Queue", f"{name}DeadLetters", f"{name}Undelivered", function,
        f"lambdas.{package}.handler.handler",
    )  # fmt: skip


PIPELINES = (
    pipeline("OrderProcessing", "OrderProcessor", "order_processor", "OrderPlaced", "PaymentProcessed"),
    pipeline("InventoryUpdate", "InventoryHandler", "inventory_handler", "InventoryReserved"),
    pipeline("CustomerNotification", "Notification", "notification", "OrderPlaced", "OrderShipped"),
    pipeline("RawObject", "CrawlerTrigger", "crawler_trigger", "Object Created", stack="analytics"),
)

RESOURCES = (
    Resource("events", "OrderProcessingQueue", "AWS::SQS::Queue", "http://127.0.0.1/order-queue", "CREATE_COMPLETE"),
    Resource("events", "OrderProcessor", "AWS::Lambda::Function", "retail-dev-OrderProcessor", "UPDATE_COMPLETE"),
    Resource("data", "DatabaseWriter", "AWS::RDS::DBInstance", "retail-dev-writer", "CREATE_COMPLETE"),
    Resource(
        "ingress", "GlobalAccelerator", "AWS::GlobalAccelerator::Accelerator", "arn:accelerator", "CREATE_COMPLETE",
        "MiniStack has no such service.",
    ),
    Resource("security", "Key", "AWS::KMS::Key", "1234", "CREATE_COMPLETE"),
)  # fmt: skip

QUIET = Snapshot(
    at=START,
    data=Data(
        pipelines=PIPELINES,
        depths={queue: Depth() for each in PIPELINES for queue in (each.queue, each.dead_letters, each.undelivered)},
        behaviours=BEHAVIOURS,
        rules=RULES,
        shop=Shop(orders_by_status={"placed": 2, "paid": 1, "shipped": 9}, connections=6),
        reader=Reader(1840, 0),
        cache=CacheStatistics(4210, 390, 268, 2_310_000),
        lake={
            "raw/orders/": Prefix(24, 18_400),
            "raw/inventory/": Prefix(17, 9_100),
            "raw/products/": Prefix(220, 61_000),
            "curated/orders/": Prefix(3, 12_800),
            "curated/inventory/": Prefix(3, 9_400),
            "curated/products/": Prefix(1, 21_500),
        },
        objects=[LakeObject("raw/orders/dt=2026-11-18/0.json", "orders", START - 900, ())],
        told_total=21,
        carts=3,
        archived=58,
        crawlers={"RawOrdersCrawler": "READY", "RawInventoryCrawler": "READY", "RawProductsCrawler": "READY"},
    ),
    counts=Counts(
        requests=4, behaviours={"/static/*": {"Miss": 1, "Hit": 1}, "/images/*": {"Hit": 1}, "Default (*)": {"": 1}}
    ),
    requests=[
        Request(1, START - 30, "GET", "/", BEHAVIOURS[3], "", "", "127.0.0.1:40001", 200, 31.0),
        Request(2, START - 29.9, "GET", "/static/shop.css", BEHAVIOURS[1], "", "Miss", "127.0.0.1:40002", 200, 4.0),
        Request(3, START - 29.8, "GET", "/static/shop.js", BEHAVIOURS[1], "", "Hit", "", 200, 0.6),
        Request(4, START - 29.7, "GET", "/images/KIT-101.svg", BEHAVIOURS[2], "", "Hit", "", 200, 0.5),
    ],
    processes=[
        Process("task-1", True, "127.0.0.1:40001"),
        Process("task-2", True, "127.0.0.1:40002"),
        Process("writer", True, "127.0.0.1:40010"),
        Process("reader", True, "127.0.0.1:40011"),
        Process("cache", True, "127.0.0.1:40012"),
    ],
)
"""A shop that nobody buys in just now."""


def ordered() -> Snapshot:
    """A moment later: an order was placed, its events have gone everywhere."""
    clicked = START + 1
    shop = Shop(
        orders_by_status={"placed": 3, "paid": 1, "shipped": 9},
        connections=6,
        orders=[Order(ORDER, "placed", 8450, "USD", clicked + 0.021, None, None)],
        events=[
            Event(RESERVED, "InventoryReserved", ORDER, clicked + 0.021, clicked + 0.048, 1),
            Event(PLACED, "OrderPlaced", ORDER, clicked + 0.021, clicked + 0.047, 1),
        ],
        handled=[Handled(PLACED, "orders", clicked + 1.210), Handled(RESERVED, "inventory", clicked + 1.305)],
    )
    data = replace(
        QUIET.data,
        shop=shop,
        objects=[
            LakeObject("raw/orders/dt=2026-11-18/1.json", "orders", clicked + 1.260, (PLACED,)),
            LakeObject("raw/inventory/dt=2026-11-18/1.json", "inventory", clicked + 1.340, (RESERVED,)),
            *QUIET.data.objects,
        ],
        told={PLACED: clicked + 2},
        told_total=22,
        archived=60,
    )
    click = Request(5, clicked, "POST", "/checkout", BEHAVIOURS[3], "", "", "127.0.0.1:40001", 303, 44.0)
    runs = [
        Run(1, "OrderProcessor", clicked + 1.1, 0.148, 1, 0, is_cold=True, log='{"message": "orders written"}'),
        Run(2, "InventoryHandler", clicked + 1.2, 0.131, 1, 0, is_cold=True),
        Run(3, "Notification", clicked + 1.2, 0.090, 1, 0, is_cold=True),
    ]
    counts = Counts(
        requests=5,
        behaviours={**QUIET.counts.behaviours, "Default (*)": {"": 2}},
        runs={"OrderProcessor": 1, "InventoryHandler": 1, "Notification": 1},
    )
    return replace(QUIET, at=START + 3, data=data, counts=counts, requests=[*QUIET.requests, click], runs=runs)


def poisoned(before: Snapshot) -> Snapshot:
    """A moment later still: a message went to the dead letters."""
    run = Run(9, "OrderProcessor", before.at + 0.2, 0.012, 1, 1, log='{"level": "ERROR"}')
    depths = {**before.data.depths, "OrderProcessingDeadLetters": Depth(waiting=1)}
    counted = before.counts.runs.get("OrderProcessor", 0) + 1
    return replace(
        before,
        at=before.at + 1,
        data=replace(before.data, depths=depths),
        counts=replace(before.counts, runs={**before.counts.runs, "OrderProcessor": counted}),
        runs=[*before.runs, run],
    )


PATIENCE_SECONDS = 60
"""How long anything may take, as on a busy machine seconds are lost anywhere."""


@dataclass
class Recorded:
    """A platform that shows one snapshot until it is given another, and notes which buttons were pressed."""

    shown: Snapshot = QUIET
    pressed: list[tuple[str, str]] = field(default_factory=list)
    looked: threading.Event = field(default_factory=threading.Event)
    name: str = "retail-dev"

    def resources(self) -> Sequence[Resource]:
        return RESOURCES

    def snapshot(self) -> Snapshot:
        self.looked.set()
        return self.shown

    def queries(self) -> Sequence[str]:
        return ("BestSellersQuery", "DailyRevenueQuery")

    def poison(self, pipeline: str) -> Outcome:
        return self._press("poison", pipeline)

    def stop(self, process: str) -> Outcome:
        return self._press("stop", process)

    def start(self, process: str) -> Outcome:
        return self._press("start", process)

    def curate(self) -> Outcome:
        self.pressed.append(("curate", ""))
        return Outcome(False, "There is no job in the artifacts bucket.")

    def query(self, name: str) -> Answer:
        self.pressed.append(("query", name))
        return Answer(True, "2 rows in 40 ms.", ("sku", "pieces"), (("KIT-101", 7), ("GAR-204", 3)))

    def _press(self, action: str, name: str) -> Outcome:
        self.pressed.append((action, name))
        return Outcome(True, f"{action}: {name}.")
