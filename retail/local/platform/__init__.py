"""The whole platform on one machine, started by one command: ``make local``."""
