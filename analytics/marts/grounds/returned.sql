/*
meaning: Returns with the customer whose they are; a guest is none
reads: [order_return]
views: [customer.crosswalk, customer.customer_360]
concerns: {customer.crosswalk: account, customer.customer_360: golden_id}
*/
SELECT
    r.*,
    if(startsWith(r.account, 'guest:'), NULL, ifNull(x.golden_id, r.account)) AS golden_id
FROM order_return AS r
LEFT JOIN customer.crosswalk AS x ON x.account = r.account
