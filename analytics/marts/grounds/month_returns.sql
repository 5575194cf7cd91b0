/*
meaning: Returns in sums by month and by the channel of their order
reads: [kept_return]
sums: {facts: returns, of: [units, amount]}
*/
SELECT month, channel, count() AS returns, sum(r.units) AS units, sum(r.amount) AS amount
FROM kept_return AS r
GROUP BY month, channel
