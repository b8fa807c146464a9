-- Orders placed and their value, by day and currency, since thirty days ago.
SELECT dt, currency, count(*) AS orders, CAST(sum(total_cents) AS decimal(18, 2)) / 100 AS revenue
FROM orders
WHERE event_type = 'OrderPlaced' AND dt >= date_add('day', -30, current_date)
GROUP BY dt, currency
ORDER BY dt, currency
