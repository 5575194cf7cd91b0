/*
meaning: Orders in sums by month and shipping method, times in microseconds
reads: [kept_shipment]
sums:
  facts: orders
  of: [shipped, delivered, cancelled, to_ship, to_deliver, promised, in_time, shipping_amount]
*/
SELECT
    month,
    shipping_method,
    count() AS orders,
    countIf(is_shipped) AS shipped,
    countIf(is_delivered) AS delivered,
    countIf(is_cancelled) AS cancelled,
    sum(o.to_ship) AS to_ship,
    sum(o.to_deliver) AS to_deliver,
    countIf(is_promised) AS promised,
    countIf(is_in_time) AS in_time,
    sum(o.shipping_amount) AS shipping_amount
FROM kept_shipment AS o
GROUP BY month, shipping_method
