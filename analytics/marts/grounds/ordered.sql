/*
meaning: Orders placed up to the day with their channel alone, which costs no look at shipments
views: [sales.orders]
concerns: {sales.orders: account}
moves: >-
  SELECT account FROM sales.orders
  WHERE toDate32(toTimeZone(ordered_at, {timezone:String})) > {was:Date32}
*/
SELECT
    o.order_id AS order_id,
    o.channel AS channel
FROM sales.orders AS o
WHERE toDate32(toTimeZone(o.ordered_at, {timezone:String})) <= {as_of:Date32} AND {in_scope o.account} AND {due o.order_id}
