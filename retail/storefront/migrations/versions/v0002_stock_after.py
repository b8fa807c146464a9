"""What there was of a product right after an event was taken off, kept with the note that it was.

The column may be empty and has no default, so that no row is written: a live table is locked for a moment only. Run it
before the functions that write it are deployed; those of before go on without it.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE processed_events ADD COLUMN stock_after int")
