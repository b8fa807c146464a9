"""What a run did, by domain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows of a domain. ``read = written + duplicates + superseded + rejected``, to the row."""

    read: int = 0
    written: int = 0
    """Events that were read and now stand in the table, whether or not they stood there before."""
    duplicates: int = 0
    """Further rows of an event that was read."""
    superseded: int = 0
    """Versions of a product that a later one has replaced; none for other domains."""
    rejected: int = 0

    @property
    def rejected_percent(self) -> float:
        """The share of the rows that were rejected."""
        return 100 * self.rejected / self.read if self.read else 0.0
