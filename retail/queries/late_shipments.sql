-- Orders placed since thirty days ago and paid, that shipped after the promised time or should have by now.
WITH life AS (
    SELECT order_id, max(promised_by) AS promised_by,
           min(CASE event_type WHEN 'OrderShipped' THEN occurred_at END) AS shipped_at
    FROM orders
    WHERE dt >= date_add('day', -30, current_date)
    GROUP BY order_id
    HAVING bool_or(event_type <> 'OrderPlaced')
)
SELECT *, date_diff('hour', promised_by, coalesce(shipped_at, localtimestamp)) AS hours_late
FROM life
WHERE coalesce(shipped_at, localtimestamp) > promised_by
ORDER BY hours_late DESC, order_id
