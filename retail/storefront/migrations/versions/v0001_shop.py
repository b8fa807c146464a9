"""Products, stock, orders and the outbox.

There is no way back: what turns out wrong is mended by the next revision, as the data stays.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of an empty shop."""
    for statement in (PRODUCTS, STOCK, ORDERS, LINES, PROCESSED, OUTBOX, STAFF):
        op.execute(statement)
    for statement in INDEXES:
        op.execute(statement)


PRODUCTS = """
CREATE TABLE products (
    sku         text PRIMARY KEY CHECK (sku ~ '^[A-Z0-9-]{3,32}$'),
    name        text NOT NULL,
    description text NOT NULL,
    category    text NOT NULL,
    price_cents bigint NOT NULL CHECK (price_cents >= 0),
    currency    char(3) NOT NULL,
    picture     text NOT NULL,
    version     int NOT NULL DEFAULT 1,
    is_active   boolean NOT NULL DEFAULT true,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    search      tsvector NOT NULL GENERATED ALWAYS AS (
                    setweight(to_tsvector('english', name), 'A')
                    || setweight(to_tsvector('english', category), 'B')
                    || setweight(to_tsvector('english', description), 'C')
                ) STORED
)
"""

STOCK = """
CREATE TABLE stock (
    sku      text PRIMARY KEY REFERENCES products,
    on_hand  int NOT NULL CHECK (on_hand >= 0),
    reserved int NOT NULL DEFAULT 0 CHECK (reserved >= 0)
)
"""

# Events come in any order (T172): a row may be made by a payment, before anything is known of when it was placed.
ORDERS = """
CREATE TABLE orders (
    order_id        uuid PRIMARY KEY,
    customer_id     text NOT NULL,
    status          text NOT NULL CHECK (status IN ('placed', 'paid', 'shipped')),
    currency        char(3) NOT NULL,
    total_cents     bigint NOT NULL CHECK (total_cents >= 0),
    placed_at       timestamptz,
    paid_at         timestamptz,
    shipped_at      timestamptz,
    promised_by     timestamptz,
    payment_id      text,
    carrier         text,
    tracking_number text,
    idempotency_key text,
    processed_at    timestamptz,
    UNIQUE (customer_id, idempotency_key)
)
"""

# A line outlives its product: the sku is no reference.
LINES = """
CREATE TABLE order_lines (
    order_id         uuid NOT NULL REFERENCES orders ON DELETE CASCADE,
    line_no          int NOT NULL,
    sku              text NOT NULL,
    quantity         int NOT NULL CHECK (quantity > 0),
    unit_price_cents bigint NOT NULL CHECK (unit_price_cents >= 0),
    PRIMARY KEY (order_id, line_no)
)
"""

PROCESSED = """
CREATE TABLE processed_events (
    event_id     uuid NOT NULL,
    consumer     text NOT NULL,
    processed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, consumer)
)
"""

OUTBOX = """
CREATE TABLE outbox (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id        uuid NOT NULL UNIQUE,
    detail_type     text NOT NULL,
    detail          jsonb NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    attempts        int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    published_at    timestamptz
)
"""

STAFF = """
CREATE TABLE staff (
    username      text PRIMARY KEY,
    password_hash text NOT NULL
)
"""

INDEXES = (
    "CREATE INDEX products_by_category ON products (category, name)",
    "CREATE INDEX products_by_search ON products USING gin (search)",
    "CREATE INDEX orders_of_customer ON orders (customer_id, placed_at DESC)",
    "CREATE INDEX orders_to_ship ON orders (paid_at) WHERE status = 'paid'",
    "CREATE INDEX outbox_waiting ON outbox (next_attempt_at) WHERE published_at IS NULL",
)
