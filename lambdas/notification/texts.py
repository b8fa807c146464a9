"""What customers are told."""

from __future__ import annotations

from retail.contracts.events import OrderPlaced, OrderShipped


def subject(event: OrderPlaced | OrderShipped) -> str:
    """An e-mail's subject. SNS wants less than 100 ASCII characters, so it holds nothing of the order's own."""
    return "We have your order" if isinstance(event, OrderPlaced) else "Your order is on its way"


def text(event: OrderPlaced | OrderShipped) -> str:
    """An e-mail's text, which also serves as a short message."""
    if isinstance(event, OrderShipped):
        return f"Your order {event.order_id} is on its way with {event.carrier}, number {event.tracking_number}."
    pieces = sum(line.quantity for line in event.items)
    total = f"{event.total_cents // 100}.{event.total_cents % 100:02} {event.currency}"
    return (
        f"Thank you. We have your order {event.order_id}: {pieces} {'piece' if pieces == 1 else 'pieces'}, {total}. "
        f"It will be with you by {event.promised_by:%Y-%m-%d}."
    )
