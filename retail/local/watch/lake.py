"""What lies in the lake: how much below each prefix, and whose events the last raw objects hold."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from retail.contracts import lake
from retail.local.watch.facts import LakeObject, Prefix

LAST_OBJECTS = 60
REMEMBERED = 500
PREFIXES = (*map(lake.raw, lake.DOMAINS), *map(lake.curated, lake.DOMAINS), lake.QUARANTINE)


@dataclass(frozen=True, slots=True)
class Contents:
    """The lake at one moment."""

    prefixes: dict[str, Prefix]
    objects: list[LakeObject]


class Lake:
    """Opens a raw object once: they are never changed."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._opened: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def read(self) -> Contents:
        """Everything now. Raises botocore's errors when S3 does not answer."""
        pages = self._s3.get_paginator("list_objects_v2")
        found = {
            prefix: [
                each for page in pages.paginate(Bucket=self._bucket, Prefix=prefix) for each in page.get("Contents", [])
            ]
            for prefix in PREFIXES
        }
        raw = [
            (each["LastModified"].timestamp(), each["Key"], domain)
            for domain in lake.DOMAINS
            for each in found[lake.raw(domain)]
        ]
        newest = sorted(raw, reverse=True)[:LAST_OBJECTS]
        return Contents(
            prefixes={
                prefix: Prefix(len(objects), sum(each["Size"] for each in objects)) for prefix, objects in found.items()
            },
            objects=[LakeObject(key, domain, at, self._event_ids(key)) for at, key, domain in newest],
        )

    def _event_ids(self, key: str) -> tuple[str, ...]:
        if key not in self._opened:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            self._opened[key] = tuple(json.loads(line)["event_id"] for line in body.splitlines())
            while len(self._opened) > REMEMBERED:
                self._opened.popitem(last=False)
        return self._opened[key]
