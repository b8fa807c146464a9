"""What the functions count for an operator; CloudWatch reads it from their logs, in its embedded metric format."""

NAMESPACE = "Retail"

DIMENSION = "FunctionName"
"""The function that counts, as in Lambda's own metrics; it tells environments apart."""

ORDER_EVENTS_WRITTEN = "OrderEventsWritten"
"""New events of orders in Aurora; one that comes again does not count."""

EVENTS_ARCHIVED = "EventsArchived"
"""Events in the lake; one that comes again counts again."""

RESERVATIONS_OVERSOLD = "ReservationsOversold"
"""Reservations of more than there was: the shop and the shelf differ."""

CUSTOMERS_TOLD = "CustomersTold"
"""Events that customers were told of."""
