/*
meaning: Order lines that were sold under a promotion, in sums by it and by product, cancelled ones left out
reads: [kept_line]
sums: {facts: lines, of: [units, net, discount, margin]}
*/
SELECT
    assumeNotNull(l.promotion_id) AS promotion_id,
    product_id,
    count() AS lines,
    sum(l.units) AS units,
    sum(l.net) AS net,
    sum(l.discount) AS discount,
    sum(ifNull(l.margin, 0)) AS margin
FROM kept_line AS l
WHERE l.promotion_id IS NOT NULL AND NOT is_cancelled
GROUP BY promotion_id, product_id
