"""Carts in DynamoDB: an item for each product in one; the table forgets a cart that nobody touches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from retail.contracts import carts

KEPT = timedelta(days=30)
MAX_QUANTITY = 99
"""Most pieces of one product in a cart or an order."""

MAX_LINES = 50
"""Most products in a cart or an order."""


class CartFullError(Exception):
    """The cart holds MAX_LINES products already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CartLine:
    """So many pieces of one product. What it costs is not kept: the price is the catalogue's, when it is shown."""

    sku: str
    quantity: int


class Carts:
    """The carts by their id. Every method raises botocore's errors when DynamoDB does not answer."""

    def __init__(self, dynamodb: Any, table: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def get(self, cart_id: str) -> tuple[CartLine, ...]:
        """What is in a cart, by SKU; a cart that was never filled is empty."""
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="#cart = :cart",
            # DynamoDB may take days to delete what has expired.
            FilterExpression="#expires > :now",
            ExpressionAttributeNames={"#cart": carts.PARTITION_KEY, "#expires": carts.EXPIRES_AT},
            ExpressionAttributeValues={":cart": {"S": cart_id}, ":now": {"N": str(int(self._now().timestamp()))}},
            # A shopper sees at once what they have put in.
            ConsistentRead=True,
        )
        return tuple(
            CartLine(sku=item[carts.SORT_KEY]["S"], quantity=int(item[QUANTITY]["N"])) for item in answer["Items"]
        )

    def put(self, cart_id: str, sku: str, quantity: int) -> None:
        """Let a cart hold so many pieces of a product, however many it held. Raises CartFullError."""
        others = [line for line in self.get(cart_id) if line.sku != sku]
        if len(others) >= MAX_LINES:
            raise CartFullError(f"A cart holds {MAX_LINES} products at most.")
        expires_at = int((self._now() + KEPT).timestamp())
        self._dynamodb.put_item(
            TableName=self._table,
            Item=self._key(cart_id, sku) | {QUANTITY: {"N": str(quantity)}, carts.EXPIRES_AT: {"N": str(expires_at)}},
        )

    def remove(self, cart_id: str, sku: str) -> None:
        """Take a product out of a cart, if it is there."""
        self._dynamodb.delete_item(TableName=self._table, Key=self._key(cart_id, sku))

    def clear(self, cart_id: str) -> None:
        """Empty a cart."""
        for line in self.get(cart_id):
            self.remove(cart_id, line.sku)

    @staticmethod
    def _key(cart_id: str, sku: str) -> dict[str, Any]:
        return {carts.PARTITION_KEY: {"S": cart_id}, carts.SORT_KEY: {"S": sku}}


QUANTITY = "quantity"
"""The attribute that only the storefront reads and writes."""
