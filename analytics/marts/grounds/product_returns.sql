/*
meaning: Returns of lines in sums by product; what is kept is of lines that were not cancelled
reads: [kept_return]
sums: {facts: returns, of: [units, amount, amount_kept, cost_kept]}
*/
SELECT
    assumeNotNull(r.product_id) AS product_id,
    count() AS returns,
    sum(r.units) AS units,
    sum(r.amount) AS amount,
    sum(r.amount_kept) AS amount_kept,
    sum(r.cost_kept) AS cost_kept
FROM kept_return AS r
WHERE r.product_id IS NOT NULL
GROUP BY product_id
