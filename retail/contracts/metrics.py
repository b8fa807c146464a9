"""What functions and storefront tell an operator; CloudWatch reads it from their logs, in its embedded metric format.

The code writes these names and the alarms look for them.
"""

NAMESPACE = "Retail"

FUNCTION = "FunctionName"
"""The function that counts, as in Lambda's own metrics; it tells environments apart."""

EVENT_BUS = "EventBusName"
"""The bus that events wait for, as in EventBridge's own metrics; it tells environments apart, and all tasks of one name
the same."""

DIMENSIONS = (EVENT_BUS, FUNCTION)
"""By one of these a line says what its metrics are of."""

ORDER_EVENTS_WRITTEN = "OrderEventsWritten"
"""New events of orders in Aurora; one that comes again does not count."""

EVENTS_ARCHIVED = "EventsArchived"
"""Events in the lake; one that comes again counts again."""

RESERVATIONS_OVERSOLD = "ReservationsOversold"
"""Reservations of more than there was: the shop and the shelf differ."""

CUSTOMERS_TOLD = "CustomersTold"
"""Events that customers were told of."""

OUTBOX_OLDEST_AGE = "OutboxOldestAge"
"""For how many seconds the oldest event that is not yet on the bus has waited; 0 where none waits."""

OUTBOX_WAITING = "OutboxWaiting"
"""Events that are not yet on the bus, counted up to 100,000."""

UNITS = {OUTBOX_OLDEST_AGE: "Seconds"}
"""What is not a count."""
