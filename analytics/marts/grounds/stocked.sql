/*
meaning: The newest count of each product at each place, up to the day
views: [product.stock]
*/
SELECT product_id, location_id, counted_at, on_hand, on_order
FROM product.stock
WHERE toDate32(toTimeZone(counted_at, {timezone:String})) <= {as_of:Date32}
ORDER BY counted_at DESC, count_id DESC
LIMIT 1 BY product_id, location_id
