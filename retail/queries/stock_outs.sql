-- Products whose last reservation of the week left none in stock.
SELECT inventory.sku,
       max_by(products.name, products.version) AS name,
       max(inventory.occurred_at) AS out_since
FROM (
    SELECT sku, max(occurred_at) AS occurred_at, max_by(stock_after, occurred_at) AS stock_after
    FROM inventory
    WHERE dt >= date_add('day', -7, current_date)
    GROUP BY sku
) AS inventory
LEFT JOIN products ON products.sku = inventory.sku
WHERE inventory.stock_after = 0
GROUP BY inventory.sku
ORDER BY out_since
