/*
meaning: Order lines with the customer whose they are; a guest is none
reads: [account_lines]
views: [customer.crosswalk, customer.customer_360]
concerns: {customer.crosswalk: account, customer.customer_360: golden_id}
*/
SELECT
    l.* EXCEPT lines,
    if(startsWith(l.account, 'guest:'), NULL, ifNull(x.golden_id, l.account)) AS golden_id
FROM account_lines AS l
LEFT JOIN customer.crosswalk AS x ON x.account = l.account
