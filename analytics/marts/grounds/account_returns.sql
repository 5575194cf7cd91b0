/*
meaning: Returns in sums by account, order line and day of the return
reads: [kept_return]
sums: {facts: returns, of: [units, amount], by: account}
*/
SELECT
    account,
    order_id,
    line_number,
    day,
    count() AS returns,
    sum(r.units) AS units,
    sum(r.amount) AS amount
FROM kept_return AS r
GROUP BY account, order_id, line_number, day
