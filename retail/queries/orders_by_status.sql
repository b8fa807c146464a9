-- How far the orders placed since thirty days ago have come: each at its furthest step.
WITH steps AS (
    SELECT max(CASE event_type WHEN 'OrderShipped' THEN 3 WHEN 'PaymentProcessed' THEN 2 ELSE 1 END) AS step
    FROM orders
    WHERE dt >= date_add('day', -30, current_date)
    GROUP BY order_id
    HAVING bool_or(event_type = 'OrderPlaced')
)
SELECT CASE step WHEN 3 THEN 'shipped' WHEN 2 THEN 'paid' ELSE 'placed' END AS status, count(*) AS orders
FROM steps
GROUP BY step
ORDER BY step
