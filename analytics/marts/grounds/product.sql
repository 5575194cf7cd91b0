/*
meaning: Products as they are described on the day, a row a product
views: [product.products]
*/
SELECT product_id, sku, name, category, subcategory, brand, model, list_price, unit_cost
FROM product.products
WHERE toDate32(toTimeZone(valid_from, {timezone:String})) <= {as_of:Date32}
ORDER BY valid_from DESC, seq DESC
LIMIT 1 BY product_id
