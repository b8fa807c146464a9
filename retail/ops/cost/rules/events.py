"""Events, queues and analytics."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retail.ops.cost.evaluate import Resource, Stack
from retail.ops.cost.item import DAYS, Item, Rule, Unpriced, floor, scales
from retail.ops.cost.usage import Usage

KB_OF_GB = 1024 * 1024
DAILY = re.compile(r"cron\(\d+ \d+ \* \* \? \*\)")

CRAWLER_DPU = 2
CRAWL_LEAST_HOURS = 10 / 60
"""What a crawl is billed for at least, however short it is (T178)."""

DPU_OF_WORKER = {"G.1X": 1, "G.2X": 2}


def bus(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """What is put on the bus; delivery within the account is free."""
    yield scales("event", use.events)


def archive(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """The same once more, kept."""
    gigabytes = use.events * use.event_kb / KB_OF_GB
    yield scales("archive_gb", gigabytes)
    yield scales("archive_stored_gb", gigabytes * resource.properties["RetentionDays"] / DAYS)


def crawler(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A crawler's runs, of which its trigger allows only so many."""
    from lambdas.crawler_trigger.handler import PAUSE

    most = 24 * 3600 / PAUSE.total_seconds()
    yield scales("crawler_dpu_hour", min(use.crawls_per_day, most) * DAYS * CRAWLER_DPU * CRAWL_LEAST_HOURS)


def job(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """A job by its daily schedule."""
    worker = resource.properties["WorkerType"]
    if worker not in DPU_OF_WORKER:
        raise Unpriced(stack, resource, f"a worker of type {worker}")
    daily = 0
    for trigger in stack.of("AWS::Glue::Trigger"):
        started = sum(action["JobName"] == resource.title for action in trigger.properties["Actions"])
        if started and not DAILY.fullmatch(trigger.properties.get("Schedule", "")):
            raise Unpriced(stack, trigger, f"schedule {trigger.properties.get('Schedule')} is not once a day")
        daily += started
    workers = resource.properties["NumberOfWorkers"] * DPU_OF_WORKER[worker]
    yield scales("glue_dpu_hour", daily * DAYS * workers * use.job_minutes / 60)


def work_group(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """What Athena scans."""
    yield scales("athena_tb", use.athena_tb)


def warehouse(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """The hours in which the warehouse is asked, at its base capacity; nothing while nobody asks."""
    yield scales("rpu_hour", use.warehouse_hours * float(resource.properties["BaseCapacity"]))


def namespace(resource: Resource, stack: Stack, use: Usage) -> Iterator[Item]:
    """What the warehouse keeps, and the secret that it makes for its administrator."""
    yield scales("warehouse_gb", use.warehouse_gb)
    if resource.properties.get("ManageAdminPassword"):
        yield floor("secret_month", 1)


RULES: dict[str, Rule] = {
    "AWS::Events::EventBus": bus,
    "AWS::Events::Archive": archive,
    "AWS::Glue::Crawler": crawler,
    "AWS::Glue::Job": job,
    "AWS::Athena::WorkGroup": work_group,
    "AWS::RedshiftServerless::Workgroup": warehouse,
    "AWS::RedshiftServerless::Namespace": namespace,
}

FREE = {
    "AWS::Events::Rule": "a rule is free; its events are billed where they are put",
    "AWS::SQS::Queue": "billed by requests, which are those of the functions that poll it",
    "AWS::SQS::QueuePolicy": "a policy is free",
    "AWS::Glue::Database": "the catalogue's first million objects are free",
    "AWS::Glue::Table": "the catalogue's first million objects are free",
    "AWS::Glue::SecurityConfiguration": "a configuration is free",
    "AWS::Glue::Trigger": "billed by the job that it starts",
    "AWS::Athena::NamedQuery": "billed when somebody runs it",
}
