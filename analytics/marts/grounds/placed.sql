/*
meaning: Orders of a day, cancelled or not, with the customer who placed them; a guest is none
reads: [account_orders]
views: [customer.crosswalk, customer.customer_360]
concerns: {customer.crosswalk: account, customer.customer_360: golden_id}
*/
SELECT
    o.*,
    if(startsWith(o.account, 'guest:'), NULL, ifNull(x.golden_id, o.account)) AS golden_id
FROM account_orders AS o
LEFT JOIN customer.crosswalk AS x ON x.account = o.account
