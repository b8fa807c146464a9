"""Where things are: the data and events stacks write it below the platform's SSM path, after the tasks run (T201)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from retail.contracts import parameters
from retail.runtime.database import Target


class NotThereYetError(Exception):
    """Some parameters are not there; the text names them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """What the storefront works with."""

    writer: Target
    reader: Target
    cache_host: str
    cache_port: int
    cache_name: str
    cache_user: str
    lake_bucket: str
    cart_table: str
    event_bus: str


def find(ssm: Any, path: str) -> Endpoints:
    """Read the endpoints below a path. Raises NotThereYetError, and botocore's errors when SSM does not answer."""
    values = _values(ssm, path)
    port, name = int(values[parameters.DATABASE_PORT]), values[parameters.DATABASE_NAME]
    return Endpoints(
        writer=Target(values[parameters.WRITER_HOST], port, name),
        reader=Target(values[parameters.READER_HOST], port, name),
        cache_host=values[parameters.CACHE_HOST],
        cache_port=int(values[parameters.CACHE_PORT]),
        cache_name=values[parameters.CACHE_NAME],
        cache_user=values[parameters.CACHE_USER],
        lake_bucket=values[parameters.LAKE_BUCKET],
        cart_table=values[parameters.CART_TABLE],
        event_bus=values[parameters.EVENT_BUS],
    )


NEEDED = (
    parameters.WRITER_HOST,
    parameters.READER_HOST,
    parameters.DATABASE_PORT,
    parameters.DATABASE_NAME,
    parameters.CACHE_HOST,
    parameters.CACHE_PORT,
    parameters.CACHE_NAME,
    parameters.CACHE_USER,
    parameters.LAKE_BUCKET,
    parameters.CART_TABLE,
    parameters.EVENT_BUS,
)


def _values(ssm: Any, path: str) -> dict[str, str]:
    root = path.rstrip("/") + "/"
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=root, Recursive=True)
    values = {each["Name"].removeprefix(root): each["Value"] for page in pages for each in page["Parameters"]}
    missing = [name for name in NEEDED if not values.get(name)]
    if missing:
        raise NotThereYetError(", ".join(missing))
    return values
