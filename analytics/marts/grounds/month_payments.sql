/*
meaning: Payments in sums by month and by the channel of their order
reads: [kept_payment]
sums: {facts: transactions, of: [revenue]}
*/
SELECT month, channel, count() AS transactions, sum(amount) AS revenue FROM kept_payment GROUP BY month, channel
