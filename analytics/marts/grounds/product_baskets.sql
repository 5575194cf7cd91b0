/*
meaning: Baskets, orders that were not cancelled, by product
reads: [kept_line]
sums: {facts: baskets}
*/
SELECT product_id, uniqExact(order_id) AS baskets FROM kept_line WHERE NOT is_cancelled GROUP BY product_id
