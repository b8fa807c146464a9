-- What reports ask for over and over, kept in Redshift itself: a row for each day, product and currency.
CREATE SCHEMA IF NOT EXISTS retail;

CREATE TABLE IF NOT EXISTS retail.daily_sales (
    dt DATE NOT NULL,
    sku VARCHAR(64) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    orders BIGINT NOT NULL,
    pieces BIGINT NOT NULL,
    revenue DECIMAL(18, 2) NOT NULL,
    PRIMARY KEY (dt, sku, currency)
)
DISTSTYLE AUTO
SORTKEY (dt);

COMMENT ON SCHEMA retail IS 'What analysts and reports start from.';

COMMENT ON TABLE retail.daily_sales IS 'Sales by day (UTC), product and currency, as of the last load.';

COMMENT ON COLUMN retail.daily_sales.orders IS 'Orders with the product; an order of two products counts with both.';

COMMENT ON COLUMN retail.daily_sales.revenue IS 'Pieces at the price they were ordered at, in whole units of the currency.';
