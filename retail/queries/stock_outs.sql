-- Products whose last reservation since seven days ago left none in stock, and since when.
WITH taken AS (
    SELECT *, max(CASE WHEN stock_after > 0 THEN occurred_at END) OVER (PARTITION BY sku) AS last_in_stock
    FROM inventory
    WHERE dt >= date_add('day', -7, current_date)
), known AS (
    SELECT sku, max_by(name, version) AS name FROM products GROUP BY sku
)
SELECT sku, name, min(occurred_at) AS out_since
FROM taken
LEFT JOIN known USING (sku)
WHERE stock_after = 0 AND occurred_at >= coalesce(last_in_stock, occurred_at)
GROUP BY sku, name
ORDER BY out_since, sku
