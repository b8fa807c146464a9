-- The fifty products of which most pieces were ordered since thirty days ago, by currency.
SELECT line.sku, currency, sum(line.quantity) AS pieces,
       CAST(sum(line.quantity * line.unit_price_cents) AS decimal(18, 2)) / 100 AS revenue
FROM orders
CROSS JOIN UNNEST(items) AS line (sku, quantity, unit_price_cents)
WHERE event_type = 'OrderPlaced' AND dt >= date_add('day', -30, current_date)
GROUP BY line.sku, currency
ORDER BY pieces DESC, sku, currency
LIMIT 50
