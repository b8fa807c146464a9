-- The analysts' questions, as in Athena. What the lake holds has no schema in Redshift that a view could bind to.
CREATE OR REPLACE VIEW retail.products AS
SELECT sku, version, name, category, currency, price_cents
FROM lake.products AS product
QUALIFY ROW_NUMBER() OVER (PARTITION BY sku ORDER BY version DESC) = 1
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW retail.daily_revenue AS
SELECT dt,
       currency,
       COUNT(*) AS orders,
       CAST(SUM(total_cents) / 100.0 AS DECIMAL(18, 2)) AS revenue
FROM lake.orders
WHERE event_type = 'OrderPlaced'
  AND dt >= CURRENT_DATE - 30
GROUP BY dt, currency
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW retail.best_sellers AS
SELECT sku,
       currency,
       SUM(pieces) AS pieces,
       SUM(revenue) AS revenue
FROM retail.daily_sales
WHERE dt >= CURRENT_DATE - 30
GROUP BY sku, currency
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW retail.order_steps AS
SELECT order_id,
       MIN(CASE WHEN event_type = 'OrderPlaced' THEN dt END) AS placed_on,
       MAX(CASE WHEN event_type = 'PaymentProcessed' THEN 1 ELSE 0 END) AS paid,
       MIN(CASE WHEN event_type = 'OrderShipped' THEN occurred_at END) AS shipped_at,
       MAX(promised_by) AS promised_by
FROM lake.orders
WHERE dt >= CURRENT_DATE - 30
GROUP BY order_id
HAVING MIN(CASE WHEN event_type = 'OrderPlaced' THEN dt END) IS NOT NULL
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW retail.orders_by_status AS
SELECT CASE WHEN shipped_at IS NOT NULL THEN 'shipped' WHEN paid = 1 THEN 'paid' ELSE 'placed' END AS status,
       COUNT(*) AS orders
FROM retail.order_steps
GROUP BY 1
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW retail.conversion AS
SELECT placed_on,
       COUNT(*) AS placed,
       SUM(paid) AS paid,
       COUNT(shipped_at) AS shipped,
       CAST(100.0 * COUNT(shipped_at) / COUNT(*) AS DECIMAL(4, 1)) AS shipped_percent
FROM retail.order_steps
GROUP BY placed_on
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW retail.late_shipments AS
SELECT order_id,
       promised_by,
       shipped_at,
       FLOOR(DATEDIFF(microsecond, promised_by, COALESCE(shipped_at, GETDATE())) / 3600000000.0) AS hours_late
FROM retail.order_steps
WHERE COALESCE(shipped_at, GETDATE()) > promised_by
  AND (paid = 1 OR shipped_at IS NOT NULL)
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW retail.stock_outs AS
SELECT taken.sku,
       products.name,
       MIN(taken.occurred_at) AS out_since
FROM (
    SELECT sku,
           occurred_at,
           stock_after,
           MAX(CASE WHEN stock_after > 0 THEN occurred_at END) OVER (PARTITION BY sku) AS last_in_stock
    FROM lake.inventory
    WHERE dt >= CURRENT_DATE - 7
) AS taken
LEFT JOIN retail.products AS products ON products.sku = taken.sku
WHERE taken.stock_after = 0
  AND taken.occurred_at >= COALESCE(taken.last_in_stock, taken.occurred_at)
GROUP BY taken.sku, products.name
WITH NO SCHEMA BINDING;

COMMENT ON VIEW retail.products IS 'Each product in its latest version.';

COMMENT ON VIEW retail.daily_revenue IS 'Orders placed and their value, by day and currency, since thirty days ago.';

COMMENT ON VIEW retail.best_sellers IS 'Pieces and revenue by product and currency since thirty days ago, as loaded.';

COMMENT ON VIEW retail.order_steps IS 'Each order placed since thirty days ago, and how far it has come.';

COMMENT ON VIEW retail.orders_by_status IS 'The orders placed since thirty days ago, each at its furthest step.';

COMMENT ON VIEW retail.conversion IS 'Of the orders placed on each day since thirty days ago, how many were paid and shipped.';

COMMENT ON VIEW retail.late_shipments IS 'Orders paid that shipped after the promised time or should have by now.';

COMMENT ON VIEW retail.stock_outs IS 'Products whose last reservation since seven days ago left none in stock.';
