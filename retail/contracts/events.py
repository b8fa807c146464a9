"""The retail domain's events: what the storefront publishes, the rules match and the functions handle.

A class's name is its EventBridge detail-type.
"""

from __future__ import annotations

SOURCE = "retail.storefront"
"""The ``source`` of every event; a rule without it would match anyone's event on the bus (T154)."""


class DomainEvent:
    """Something that happened in the shop, named in the past tense."""


class OrderPlaced(DomainEvent):
    """A customer has placed an order."""


class PaymentProcessed(DomainEvent):
    """The payment of an order has been taken."""


class InventoryReserved(DomainEvent):
    """Stock of a product has been reserved for an order."""


class OrderShipped(DomainEvent):
    """An order has left the warehouse."""


def pattern(*events: type[DomainEvent]) -> dict[str, list[str]]:
    """The EventBridge pattern that matches exactly these events."""
    return {"source": [SOURCE], "detail-type": [event.__name__ for event in events]}
