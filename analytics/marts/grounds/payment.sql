/*
meaning: Payments of a day in sums, with the customer whose they are; a guest is none
reads: [account_payments]
views: [customer.crosswalk, customer.customer_360]
concerns: {customer.crosswalk: account, customer.customer_360: golden_id}
*/
SELECT
    t.*,
    if(startsWith(t.account, 'guest:'), NULL, ifNull(x.golden_id, t.account)) AS golden_id
FROM account_payments AS t
LEFT JOIN customer.crosswalk AS x ON x.account = t.account
