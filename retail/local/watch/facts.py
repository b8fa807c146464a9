"""What the deployed services, the database, the cache and the lake say: the reading side of the page.

Times are seconds since 1970. Logical ids are those of the deployed stacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Rule, queue and function that belong together, by the logical ids that their stack has given them."""

    stack: str
    rule: str
    matches: tuple[str, ...]
    """What the rule's pattern says of ``detail-type``."""

    queue: str
    dead_letters: str
    undelivered: str
    function: str
    handler: str
    """The function's handler, e.g. ``lambdas.order_processor.handler.handler``."""


@dataclass(frozen=True, slots=True)
class Depth:
    """What lies in a queue."""

    waiting: int = 0
    in_flight: int = 0
    delayed: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """An order and how far it has come."""

    order_id: str
    status: str
    total_cents: int
    currency: str
    placed_at: float | None
    paid_at: float | None
    shipped_at: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the outbox."""

    event_id: str
    detail_type: str
    order_id: str
    created_at: float
    published_at: float | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Handled:
    """That a function has handled an event."""

    event_id: str
    consumer: str
    """The name that the function gives itself in the table of processed events."""

    at: float


@dataclass(frozen=True, slots=True)
class LakeObject:
    """A raw object, and whose events it holds. The emulator keeps its time to the millisecond, S3 to the second."""

    key: str
    domain: str
    at: float
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """How much lies below a prefix of the lake."""

    objects: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Shop:
    """What the database says, or that it does not answer."""

    orders_by_status: Mapping[str, int] = field(default_factory=dict)
    outbox_waiting: int = 0
    connections: int = 0
    orders: Sequence[Order] = ()
    """The last ones, the newest first."""

    events: Sequence[Event] = ()
    handled: Sequence[Handled] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """The database's reader."""

    scans: int
    """How often the shop's tables were read since it was started."""

    lag_bytes: int
    """How much of the writer's log it has received and not yet applied."""


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """What the cache counts since it was started."""

    hits: int
    misses: int
    keys: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Data:
    """What the deployed services, the database and the cache say. None stands for a part that does not answer."""

    pipelines: Sequence[Pipeline] = ()
    depths: Mapping[str, Depth] = field(default_factory=dict)
    """By the queue's logical id."""

    behaviours: Sequence[str] = ()
    """The distribution's path patterns in their order, the default last."""

    rules: Sequence[str] = ()
    """The web ACL's, in the order of their priority."""

    shop: Shop | None = None
    reader: Reader | None = None
    cache: CacheStatistics | None = None
    lake: Mapping[str, Prefix] = field(default_factory=dict)
    """By prefix, e.g. ``raw/orders/``."""

    objects: Sequence[LakeObject] = ()
    """The last raw objects, the newest first."""

    told: Mapping[str, float] = field(default_factory=dict)
    """When customers were told of an event, by its id; to the second."""

    told_total: int = 0
    carts: int = 0
    archived: int = 0
    crawlers: Mapping[str, str] = field(default_factory=dict)
    """The state of each crawler by its logical id."""

    silent: Mapping[str, str] = field(default_factory=dict)
    """Parts that did not answer, each with the reason in one line."""
