/*
meaning: Units ordered of each product by the day of the order, cancelled orders left out
reads: [kept_line]
sums: {facts: lines, of: [demand]}
*/
SELECT product_id, day, count() AS lines, sum(l.units) AS demand
FROM kept_line AS l
WHERE NOT is_cancelled
GROUP BY product_id, day
