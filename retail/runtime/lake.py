"""Writing raw records to the data lake: newline-delimited JSON, one object per batch and event date (UTC)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from retail.contracts import lake
from retail.contracts.events import DomainEvent


def record(event: DomainEvent) -> dict[str, Any]:
    """An event as the lake keeps it."""
    return {"event_type": type(event).__name__, **event.detail()}


def write(s3: Any, bucket: str, domain: str, records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Write a batch's records, each with `event_id` and `occurred_at` (UTC, ISO 8601); returns the objects' keys.

    The same records in whatever order are the same objects; a record that is there twice is written once. Raises what
    S3's client raises, and then some of the objects may be there already: write all of them again.
    """
    days: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for each in records:
        days[each["occurred_at"][:10]][each["event_id"]] = each
    keys = []
    for day, of_the_day in sorted(days.items()):
        lines = [json.dumps(of_the_day[event_id], separators=(",", ":")) for event_id in sorted(of_the_day)]
        key = lake.object_key(domain, day, of_the_day)
        body = "".join(f"{line}\n" for line in lines).encode()
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/x-ndjson")
        keys.append(key)
    return keys
