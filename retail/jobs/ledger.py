"""What has been read: by raw folder, a fingerprint of the objects that were in it.

It is the job's own bookmark. Glue's are kept for DynamicFrame readers only, which guess types or drop lines, and say
what is new by the time of change. A folder whose objects are not those of its fingerprint is read again, all of it, and
merged with what its days have; so a lost ledger costs time and nothing else.
"""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import sha256

from retail.contracts import lake
from retail.jobs.stores import Object, Store

NAME = "_read.json"
"""Queries pass by what begins with an underscore."""


def folders(store: Store, domain: str) -> dict[str, list[Object]]:
    """The raw objects of a domain by their folder."""
    found: dict[str, list[Object]] = defaultdict(list)
    for each in store.objects(lake.raw(domain)):
        found[each.key.rpartition("/")[0]].append(each)
    return dict(found)


def fingerprints(found: dict[str, list[Object]]) -> dict[str, str]:
    """A fingerprint of each folder's objects."""
    return {
        folder: sha256("\n".join(f"{each.key} {each.size} {each.stamp}" for each in objects).encode()).hexdigest()
        for folder, objects in found.items()
    }


def read(store: Store, domain: str) -> dict[str, str]:
    """The fingerprints of what has been read."""
    content = store.read(lake.curated(domain) + NAME)
    return json.loads(content) if content else {}


def write(store: Store, domain: str, read: dict[str, str]) -> None:
    """Note what has been read."""
    store.write(lake.curated(domain) + NAME, json.dumps(read, indent=0, sort_keys=True).encode())
