/*
meaning: Payments in sums by account and day of the payment
reads: [kept_payment]
sums: {facts: payments, of: [amount], by: account}
*/
SELECT
    account,
    day,
    count() AS payments,
    sum(p.amount) AS amount
FROM kept_payment AS p
GROUP BY account, day
