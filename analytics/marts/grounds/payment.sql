/*
meaning: Payments with the customer whose they are; a guest is none
reads: [order_payment]
views: [customer.crosswalk, customer.customer_360]
concerns: {customer.crosswalk: account, customer.customer_360: golden_id}
*/
SELECT
    t.*,
    if(startsWith(t.account, 'guest:'), NULL, ifNull(x.golden_id, t.account)) AS golden_id
FROM order_payment AS t
LEFT JOIN customer.crosswalk AS x ON x.account = t.account
