"""Carts in DynamoDB: an item for each product in one; the table forgets a cart that nobody touches."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from retail.contracts import carts

KEPT = timedelta(days=30)
MAX_QUANTITY = 99
"""Most pieces of one product in a cart or an order."""

MAX_LINES = 50
"""Most products in a cart or an order."""


TRIES = 20
PAUSE_SECONDS = 0.02
"""How often an addition is tried when others change the same line meanwhile, and how long it waits at most between."""


class CartFullError(Exception):
    """The cart holds MAX_LINES products already."""


class CartBusyError(Exception):
    """Others kept changing the same line of the cart."""


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
        self._held(cart_id, sku)
        self._dynamodb.put_item(TableName=self._table, Item=self._item(cart_id, sku, quantity))

    def add(self, cart_id: str, sku: str, pieces: int) -> None:
        """Let a cart hold so many more pieces of a product, up to MAX_QUANTITY; of two that add at once, none is lost.

        Raises CartFullError, and CartBusyError when others do nothing but change the same line.
        """
        for _ in range(TRIES):
            held = self._held(cart_id, sku)
            item = self._item(cart_id, sku, min(held + pieces, MAX_QUANTITY))
            if self._unless_changed(self._dynamodb.put_item, held, Item=item):
                return
            time.sleep(PAUSE_SECONDS * random.random())
        raise CartBusyError("The cart is being changed elsewhere.")

    def remove(self, cart_id: str, sku: str) -> None:
        """Take a product out of a cart, if it is there."""
        self._dynamodb.delete_item(TableName=self._table, Key=self._key(cart_id, sku))

    def take(self, cart_id: str, lines: Iterable[CartLine]) -> None:
        """Take out what was ordered; what was put in or changed since the lines were read stays."""
        for line in lines:
            self._unless_changed(self._dynamodb.delete_item, line.quantity, Key=self._key(cart_id, line.sku))

    def clear(self, cart_id: str) -> None:
        """Empty a cart."""
        for line in self.get(cart_id):
            self.remove(cart_id, line.sku)

    def _held(self, cart_id: str, sku: str) -> int:
        """How many pieces of a product a cart holds. Raises CartFullError where it has no room for one more product."""
        lines = {line.sku: line.quantity for line in self.get(cart_id)}
        if sku not in lines and len(lines) >= MAX_LINES:
            raise CartFullError(f"A cart holds {MAX_LINES} products at most.")
        return lines.get(sku, 0)

    def _unless_changed(self, write: Callable[..., Any], held: int, **what: Any) -> bool:
        """Write to a line if it still holds so many pieces, where 0 is none; whether it did."""
        if held:
            condition, names, values = "#quantity = :held", {"#quantity": QUANTITY}, {":held": {"N": str(held)}}
        else:
            condition = "attribute_not_exists(#expires) OR #expires <= :now"
            names, values = {"#expires": carts.EXPIRES_AT}, {":now": {"N": str(int(self._now().timestamp()))}}
        try:
            write(
                TableName=self._table,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                **what,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _item(self, cart_id: str, sku: str, quantity: int) -> dict[str, Any]:
        expires_at = int((self._now() + KEPT).timestamp())
        return self._key(cart_id, sku) | {QUANTITY: {"N": str(quantity)}, carts.EXPIRES_AT: {"N": str(expires_at)}}

    @staticmethod
    def _key(cart_id: str, sku: str) -> dict[str, Any]:
        return {carts.PARTITION_KEY: {"S": cart_id}, carts.SORT_KEY: {"S": sku}}


QUANTITY = "quantity"
"""The attribute that only the storefront reads and writes."""
