-- Of the orders placed on each day, how many were paid, and how many shipped.
WITH life AS (
    SELECT order_id,
           min(CASE event_type WHEN 'OrderPlaced' THEN dt END) AS placed_on,
           max(CASE event_type WHEN 'PaymentProcessed' THEN 1 ELSE 0 END) AS paid,
           max(CASE event_type WHEN 'OrderShipped' THEN 1 ELSE 0 END) AS shipped
    FROM orders
    WHERE dt >= date_add('day', -30, current_date)
    GROUP BY order_id
)
SELECT placed_on,
       count(*) AS placed,
       sum(paid) AS paid,
       sum(shipped) AS shipped,
       round(100.0 * sum(shipped) / count(*), 1) AS shipped_percent
FROM life
WHERE placed_on IS NOT NULL
GROUP BY placed_on
ORDER BY placed_on
