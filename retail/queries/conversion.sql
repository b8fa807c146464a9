-- Of the orders placed on each day since thirty days ago, how many were paid and shipped.
WITH life AS (
    SELECT min(CASE event_type WHEN 'OrderPlaced' THEN dt END) AS placed_on,
           bool_or(event_type = 'PaymentProcessed') AS paid,
           bool_or(event_type = 'OrderShipped') AS shipped
    FROM orders
    WHERE dt >= date_add('day', -30, current_date)
    GROUP BY order_id
)
SELECT placed_on, count(*) AS placed, count_if(paid) AS paid, count_if(shipped) AS shipped,
       round(100.0 * count_if(shipped) / count(*), 1) AS shipped_percent
FROM life
WHERE placed_on IS NOT NULL
GROUP BY placed_on
ORDER BY placed_on
