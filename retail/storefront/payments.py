"""Paying: whoever takes the money is behind one small interface. The sandbox takes none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from uuid import NAMESPACE_URL, uuid5


class DeclinedError(Exception):
    """The card was refused; the text can be shown to the shopper."""


class ProviderTimeoutError(Exception):
    """Nobody knows whether the money was taken. Charging the same order again is safe."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A card; its secrets do not show in a repr, so not in a log or a traceback."""

    number: str = field(repr=False)
    expiry: str = field(repr=False)
    """As MM/YY."""
    code: str = field(repr=False)


class Provider(Protocol):
    """Takes payments."""

    def charge(self, order_id: str, amount_cents: int, currency: str, card: Card) -> str:
        """Take the money once for an order, however often it is asked to, and return the payment's id.

        Raises DeclinedError and ProviderTimeoutError, the latter after five seconds at most.
        """


class Sandbox:
    """Takes test cards only, and no money."""

    ACCEPTED = "4242424242424242"
    DECLINED = "4000000000000002"
    TIMES_OUT = "4000000000000119"

    def charge(self, order_id: str, amount_cents: int, currency: str, card: Card) -> str:
        """See Provider. The payment's id follows from the order's, so that a repeated charge is the same payment."""
        if card.number == self.TIMES_OUT:
            raise ProviderTimeoutError("The payment provider did not answer in time.")
        if card.number == self.DECLINED:
            raise DeclinedError("The card was declined.")
        if card.number != self.ACCEPTED:
            raise DeclinedError("The card was declined: the sandbox takes test cards only.")
        return f"sandbox-{uuid5(NAMESPACE_URL, f'{order_id}/{amount_cents}/{currency}')}"
