/*
meaning: Orders with how they were shipped and delivered, times in microseconds; cancelled ones are neither
reads: [order_shipped]
kept:
  by: order_id
  key: [order_id]
  due: {sales.orders: order_id, sales.fulfilments: order_id}
  moves: >-
    SELECT order_id FROM sales.orders WHERE toDate32(toTimeZone(ordered_at, {timezone:String})) > {was:Date32}
*/
SELECT
    order_id,
    account,
    day,
    toStartOfMonth(day) AS month,
    location_id,
    shipping_method,
    is_cancelled,
    shipped_at IS NOT NULL AND NOT is_cancelled AS is_shipped,
    delivered_at IS NOT NULL AND NOT is_cancelled AS is_delivered,
    if(is_shipped, ifNull(dateDiff('microsecond', ordered_at, shipped_at), 0), 0) AS to_ship,
    if(is_delivered, ifNull(dateDiff('microsecond', ordered_at, delivered_at), 0), 0) AS to_deliver,
    is_delivered AND promised_at IS NOT NULL AS is_promised,
    is_promised AND ifNull(delivered_at <= promised_at, 0) AS is_in_time,
    shipping_amount
FROM order_shipped
