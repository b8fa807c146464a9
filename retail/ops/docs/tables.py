"""The tables of the architecture page, from the emitted templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from retail.ops.describe import table
from retail.ops.docs.facts import Made, Templates, every, exports, imports, nodes, one
from retail.ops.docs.grants import Grant, grants, managed, roles, trusted

DAY = 86400
LASTING = {"RetainExceptOnCreate": "stays", "Retain": "stays", "Snapshot": "a snapshot stays"}


def stacks(templates: Templates) -> str:
    """Each stack with its size."""
    rows = []
    for name, template in templates.items():
        made = [each for each in every(templates) if each.stack == name]
        conditional = sum(bool(each.condition) for each in made)
        alarms = sum(each.type == "AWS::CloudWatch::Alarm" for each in made)
        taken = len(imports(template["Resources"]))
        numbers = (len(made), conditional, len(exports(template)), taken, alarms)
        rows.append((f"[{name}](../out/{name}.yaml)", *(str(number) for number in numbers)))
    return table(("Stack", "Resources", "of them under a condition", "Exports", "Imports", "Alarms"), rows)


def numbers(templates: Templates) -> str:
    """What bounds the platform."""
    return table(
        ("What", "Bound", "Resource"), [(what, bound, f"`{made.title}`") for what, bound, made in _bounds(templates)]
    )


def _bounds(templates: Templates) -> Iterator[tuple[str, str, Made]]:
    def first(kind: str, key: str) -> tuple[Made, Any]:
        made = one(templates, kind)
        return made, next(nodes(made.properties, key))

    acl, limit = first("AWS::WAFv2::WebACL", "Limit")
    yield "Requests from one address", f"{limit} in {next(nodes(acl.properties, 'EvaluationWindowSec'))} s", acl
    shop, timeout = first("AWS::CloudFront::Distribution", "OriginReadTimeout")
    yield "CloudFront waits for an answer", f"{timeout} s", shop
    group, check = first("AWS::ElasticLoadBalancingV2::TargetGroup", "HealthCheckIntervalSeconds")
    yield "A task is unhealthy after", f"{group.properties['UnhealthyThresholdCount']} checks, {check} s apart", group
    scaling, most = first("AWS::ApplicationAutoScaling::ScalableTarget", "MaxCapacity")
    yield "Tasks", f"{scaling.properties['MinCapacity']} to {most}", scaling
    database, units = first("AWS::RDS::DBCluster", "ServerlessV2ScalingConfiguration")
    yield "Aurora", f"{units['MinCapacity']:g} to {units['MaxCapacity']:g} capacity units each instance", database
    cache, usage = first("AWS::ElastiCache::ServerlessCache", "CacheUsageLimits")
    data, speed = usage["DataStorage"], usage["ECPUPerSecond"]["Maximum"]
    yield "Cache", f"{data['Maximum']} {data['Unit']}, {speed} ECPU a second", cache
    for made in every(templates, "AWS::Lambda::EventSourceMapping"):
        most = made.properties["ScalingConfig"]["MaximumConcurrency"]
        yield "Messages to a function", f"{made.properties['BatchSize']} a call, {most} calls at once", made
    job, minutes = first("AWS::Glue::Job", "Timeout")
    workers = f"{job.properties['NumberOfWorkers']} workers {job.properties['WorkerType']}"
    yield "Nightly job", f"{workers}, {minutes} minutes at most", job
    analysts, scanned = first("AWS::Athena::WorkGroup", "BytesScannedCutoffPerQuery")
    yield "A query of Athena scans", f"{scanned // 2**30} GiB at most", analysts
    warehouse, base = first("AWS::RedshiftServerless::Workgroup", "BaseCapacity")
    yield "Redshift", f"{base} to {warehouse.properties['MaxCapacity']} RPU", warehouse


def permissions(templates: Templates) -> str:
    """Each role, who takes it, and what it may do; (if) where a condition narrows it further."""
    rows = []
    for role in roles(templates):
        lines = [_line(grant) for grant in grants(templates, role)]
        may = "<br>".join([*managed(role), *lines])
        rows.append((f"`{role.title}` ({role.number})", ", ".join(trusted(role)), may))
    return table(("Role", "Taken by", "May"), rows)


def _line(grant: Grant) -> str:
    named = ", ".join(f"`{name}`" for name in grant.resources)
    services = dict.fromkeys(action.split(":")[0] for action in grant.actions)
    verbs = ", ".join(action.split(":")[1] for action in grant.actions)
    return f"{', '.join(services)}: {verbs} on {named}{' (if)' if grant.limited else ''}"


def retention(templates: Templates) -> str:
    """How long each thing that holds data keeps it, and what is left when its stack goes."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for made, what, kept in _keeping(templates):
        grouped.setdefault((what, kept, LASTING.get(made.outlives, "goes")), []).append(f"`{made.title}`")
    rows = [(what, kept, lasting, ", ".join(names)) for (what, kept, lasting), names in grouped.items()]
    return table(("What", "Kept", "When its stack goes", "Resources"), rows)


def _keeping(templates: Templates) -> Iterator[tuple[Made, str, str]]:
    for made in every(templates):
        settings = made.properties
        match made.type:
            case "AWS::RDS::DBCluster":
                yield made, "database, its own backups", f"{settings['BackupRetentionPeriod']} days back"
            case "AWS::Backup::BackupVault":
                plans = [plan.properties for plan in every(templates, "AWS::Backup::BackupPlan")]
                yield made, "recovery points", f"{next(nodes(plans, 'DeleteAfterDays'))} days"
            case "AWS::DynamoDB::Table":
                yield made, "table", f"until `{settings['TimeToLiveSpecification']['AttributeName']}` of the item"
            case "AWS::Events::Archive":
                yield made, "every event", f"{settings['RetentionDays']} days"
            case "AWS::SQS::Queue":
                yield made, "queue", f"{settings['MessageRetentionPeriod'] // DAY} days at most"
            case "AWS::Logs::LogGroup":
                yield made, "log group", f"{settings['RetentionInDays']} days"
            case "AWS::S3::Bucket":
                yield from _bucket(made)


def _bucket(made: Made) -> Iterator[tuple[Made, str, str]]:
    """Each prefix that has an end, and whether the rest has one."""
    rules = made.properties["LifecycleConfiguration"]["Rules"]
    ends = {rule.get("Prefix", ""): rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    for prefix, days in ends.items():
        yield made, f"bucket, `{prefix}`" if prefix else "bucket", f"{days} days"
    if "" not in ends:
        tiered = [f"`{rule['Prefix']}`" for rule in rules if "Transitions" in rule]
        yield made, f"bucket, {', '.join(tiered)}" if tiered else "bucket", "for ever"
    for days in nodes(rules, "NoncurrentDays"):
        yield made, "bucket, overwritten or deleted objects", f"{days} days"
