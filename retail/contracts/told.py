"""The ledger of what customers have been told: the events stack makes the table, the notification function keeps it."""

EVENT_ID = "event_id"
"""The event that a customer was told of; a string, the table's key."""

EXPIRES_AT = "expires_at"
"""When DynamoDB may forget the item; seconds since 1970."""
