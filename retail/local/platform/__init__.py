"""The whole platform on one machine, started by one command: ``make local``."""

STOPPED = "stopped; every process has ended"
"""What is said last after Ctrl-C."""
