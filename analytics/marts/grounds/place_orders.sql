/*
meaning: Orders by month and the store or platform where they were placed
reads: [kept_shipment]
sums: {facts: orders}
*/
SELECT month, assumeNotNull(o.location_id) AS location_id, count() AS orders
FROM kept_shipment AS o
WHERE o.location_id IS NOT NULL
GROUP BY month, location_id
