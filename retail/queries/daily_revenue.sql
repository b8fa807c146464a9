-- Orders placed and their value by day and currency.
SELECT dt,
       currency,
       count(DISTINCT order_id) AS orders,
       sum(total_cents) / 100.0 AS revenue
FROM orders
WHERE event_type = 'OrderPlaced'
  AND dt >= date_add('day', -30, current_date)
GROUP BY dt, currency
ORDER BY dt, currency
