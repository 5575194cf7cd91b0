/*
meaning: Order lines with the customer whose they are; a guest is none
reads: [order_line]
views: [customer.crosswalk, customer.customer_360]
concerns: {customer.crosswalk: account, customer.customer_360: golden_id}
*/
SELECT
    l.*,
    if(startsWith(l.account, 'guest:'), NULL, ifNull(x.golden_id, l.account)) AS golden_id
FROM order_line AS l
LEFT JOIN customer.crosswalk AS x ON x.account = l.account
