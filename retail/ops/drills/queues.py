"""The queues of what has failed: where each is, how its messages read, and where they go back to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lambdas.crawler_trigger import objects
from retail.contracts import events
from retail.ops import stacks


@dataclass(frozen=True, slots=True)
class Failed:
    """A queue of failed messages, by the logical ids in its stack."""

    stack: str
    title: str
    returns_to: str
    """The queue that its messages go back to, or the bus."""
    worker: str
    """The function whose log tells more; empty where none has seen the messages."""
    read: Callable[[Any], object]
    """Reads a message's JSON as that function does; a ValueError says why it cannot."""

    @property
    def is_of_bus(self) -> bool:
        """Whether the messages are events that the bus itself could not take further."""
        return self.returns_to == BUS


BUS = "RetailEventBus"

PIPELINES = {
    "order-processing": (stacks.EVENTS, "OrderProcessing", "OrderProcessor", events.parse),
    "inventory-update": (stacks.EVENTS, "InventoryUpdate", "InventoryHandler", events.parse),
    "customer-notification": (stacks.EVENTS, "CustomerNotification", "Notification", events.parse),
    "raw-object": (stacks.ANALYTICS, "RawObject", "CrawlerTrigger", objects.read),
}

QUEUES = {
    name: Failed(stack, f"{title}DeadLetters", f"{title}Queue", worker, read)
    for name, (stack, title, worker, read) in PIPELINES.items()
} | {
    f"{name}-undelivered": Failed(stack, f"{title}Undelivered", f"{title}Queue", "", read)
    for name, (stack, title, _, read) in PIPELINES.items()
}
QUEUES["bus-undelivered"] = Failed(stacks.EVENTS, "BusUndelivered", BUS, "", events.parse)
"""By the name that the operator gives: a pipeline's dead letters, or what never came to its queue."""
