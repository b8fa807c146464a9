"""What a month brings: the profiles of usage.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from retail.ops.cli import InputError

FILE = Path(__file__).with_name("usage.yaml")
OTHER = "other"

V = TypeVar("V")


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """One profile; counts and GB are of a month, what has an average says so."""

    what: str
    nat_gb: float
    endpoint_gb: float
    key_requests: float
    secret_calls: float
    edge_requests: float
    edge_gb: float
    load_balancer_lcu: float  # average
    accelerator_gb: float
    tasks: float  # average
    image_gb: float
    model_input_tokens: float
    model_output_tokens: float
    acu: float  # average of each instance
    database_gb: float
    database_io: float
    database_backup_gb: float
    cache_gb: float
    cache_ecpu: float
    backup_gb: Mapping[str, float]  # by what is backed up
    events: float
    event_kb: float
    crawls_per_day: float  # of each crawler
    job_minutes: float  # of each run
    athena_tb: float
    warehouse_hours: float  # in which somebody asks it
    warehouse_gb: float
    logs_gb: Mapping[str, float]
    buckets: Mapping[str, Mapping[str, float]]
    tables: Mapping[str, Mapping[str, float]]
    functions: Mapping[str, Mapping[str, float]]
    topics: Mapping[str, float]


NAMED = {
    "logs_gb": "AWS::Logs::LogGroup",
    "buckets": "AWS::S3::Bucket",
    "tables": "AWS::DynamoDB::Table",
    "functions": "AWS::Lambda::Function",
    "topics": "AWS::SNS::Topic",
}
"""Which fields name resources, and of which type."""


def named(field: Mapping[str, V], title: str) -> V:
    """What a field says of a resource."""
    return field.get(title, field[OTHER])


def profiles(file: Path = FILE) -> dict[str, Usage]:
    """The profiles by name. Raises InputError for a file that is none of profiles."""
    known = {field.name for field in fields(Usage)}
    found: dict[str, Usage] = {}
    try:
        content: dict[str, dict[str, Any]] = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        for name, profile in content.items():
            for key in known ^ profile.keys():
                raise InputError(f"{file.name}, {name}: {key} is {'missing' if key in known else 'unknown'}")
            for key in NAMED:
                if OTHER not in profile[key]:
                    raise InputError(f"{file.name}, {name}: {key} has no {OTHER}")
            found[name] = Usage(**profile)
    except (OSError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise InputError(f"{file}: {' '.join(str(error).split())}") from None
    return found


def profile(name: str) -> Usage:
    """A profile. Raises InputError if there is none of the name."""
    found = profiles()
    if name not in found:
        raise InputError(f"--profile {name}: give {', '.join(found)}")
    return found[name]
