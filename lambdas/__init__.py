"""The functions behind the queues, each in a package of its own."""
