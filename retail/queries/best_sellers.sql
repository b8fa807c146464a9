-- The fifty products that sold best in the last thirty days.
SELECT line.sku,
       sum(line.quantity) AS pieces,
       sum(line.quantity * line.unit_price_cents) / 100.0 AS revenue
FROM orders
CROSS JOIN UNNEST(items) AS line (sku, quantity, unit_price_cents)
WHERE event_type = 'OrderPlaced'
  AND dt >= date_add('day', -30, current_date)
GROUP BY line.sku
ORDER BY pieces DESC
LIMIT 50
