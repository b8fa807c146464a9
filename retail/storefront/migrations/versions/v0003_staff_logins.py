"""Logins of staff, so that one can be ended before its time.

The table is new and its one reference is to a table of a few rows. Run it before the storefront that uses it is
deployed; the one of before goes on without it, and its staff log in once more.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(LOGINS)


# With the hash that a login was made with: another one ends it, whoever changes it.
LOGINS = """
CREATE TABLE staff_logins (
    login_id      text PRIMARY KEY,
    username      text NOT NULL REFERENCES staff ON DELETE CASCADE,
    password_hash text NOT NULL,
    until         timestamptz NOT NULL
)
"""
