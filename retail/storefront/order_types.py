"""What an order is, and why one is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["placed", "paid", "shipped"]


class Line(BaseModel):
    """So many pieces of one product, at the price they were ordered at."""

    model_config = ConfigDict(frozen=True)

    sku: str
    quantity: int = Field(ge=1)
    unit_price_cents: int = Field(ge=0)


class Order(BaseModel):
    """An order and how far it has come."""

    model_config = ConfigDict(frozen=True)

    order_id: UUID
    customer_id: str
    status: Status
    currency: str
    total_cents: int = Field(ge=0)
    placed_at: datetime | None
    paid_at: datetime | None
    shipped_at: datetime | None
    promised_by: datetime | None
    carrier: str | None
    tracking_number: str | None
    lines: tuple[Line, ...]


class EmptyOrderError(Exception):
    """There is nothing to order."""


class NotForSaleError(Exception):
    """A product is not sold, or no longer."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"{sku} is not for sale.")
        self.sku = sku


class OutOfStockError(Exception):
    """There are fewer pieces of a product than were asked for."""

    def __init__(self, sku: str, available: int) -> None:
        super().__init__(f"Only {available} of {sku} can be ordered.")
        self.sku = sku
        self.available = available


class PriceChangedError(Exception):
    """An order would cost something else than what was agreed to."""

    def __init__(self, total_cents: int) -> None:
        super().__init__("The total is another one by now.")
        self.total_cents = total_cents


class MixedCurrenciesError(Exception):
    """The products are sold in several currencies."""


class KeyReusedError(Exception):
    """An idempotency key was sent again with another order."""


class NoSuchOrderError(Exception):
    """There is no such order, or it is somebody else's."""


class NotPaidError(Exception):
    """Only what is paid for is shipped."""


class AlreadyShippedError(Exception):
    """The order was shipped before, by another carrier or under another number."""
