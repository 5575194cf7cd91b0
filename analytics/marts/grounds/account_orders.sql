/*
meaning: Orders in sums by account, day of the order and whether they were cancelled
reads: [kept_shipment]
sums: {facts: orders, by: account}
*/
SELECT
    account,
    day,
    is_cancelled,
    count() AS orders
FROM kept_shipment
GROUP BY account, day, is_cancelled
