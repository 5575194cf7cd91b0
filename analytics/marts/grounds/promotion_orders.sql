/*
meaning: Orders with a line that was sold under a promotion, by promotion, cancelled ones left out
reads: [kept_line]
sums: {facts: orders}
*/
SELECT assumeNotNull(l.promotion_id) AS promotion_id, uniqExact(order_id) AS orders
FROM kept_line AS l
WHERE l.promotion_id IS NOT NULL AND NOT is_cancelled
GROUP BY promotion_id
