-- Each day since ${since} anew, as late events may have come for it. One transaction: reports see the days as they
-- were or as they are. The lock makes a second load wait, which would otherwise add its rows beside these.
LOCK TABLE retail.daily_sales;

DELETE FROM retail.daily_sales
WHERE dt >= DATE '${since}';

INSERT INTO retail.daily_sales (dt, sku, currency, orders, pieces, revenue)
SELECT placed.dt,
       line.sku,
       placed.currency,
       COUNT(DISTINCT placed.order_id),
       SUM(line.quantity),
       CAST(SUM(line.quantity * line.unit_price_cents) / 100.0 AS DECIMAL(18, 2))
FROM lake.orders AS placed, placed.items AS line
WHERE placed.event_type = 'OrderPlaced'
  AND placed.dt >= DATE '${since}'
GROUP BY placed.dt, line.sku, placed.currency;
