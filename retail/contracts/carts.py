"""The cart table's attributes: the data stack makes the table, the storefront keeps carts in it."""

PARTITION_KEY = "cart_id"
"""One cart; a string."""

SORT_KEY = "sku"
"""One product in it; a string."""

EXPIRES_AT = "expires_at"
"""When DynamoDB may forget the item; seconds since 1970."""
