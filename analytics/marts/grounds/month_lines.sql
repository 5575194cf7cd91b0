/*
meaning: Order lines in sums by the month of the order and its channel; baskets are orders that were not cancelled
reads: [kept_line]
sums:
  facts: lines
  of: [orders, baskets, cancelled_orders, units, gross, discount, net, cost, margin, cancelled_net]
*/
SELECT
    toStartOfMonth(day) AS month,
    channel,
    count() AS lines,
    uniqExact(order_id) AS orders,
    uniqExactIf(order_id, NOT is_cancelled) AS baskets,
    uniqExactIf(order_id, is_cancelled) AS cancelled_orders,
    sum(l.units) AS units,
    sum(l.gross) AS gross,
    sum(l.discount) AS discount,
    sum(l.net) AS net,
    sum(ifNull(l.cost, 0)) AS cost,
    sum(ifNull(l.margin, 0)) AS margin,
    sumIf(l.net, is_cancelled) AS cancelled_net
FROM kept_line AS l
GROUP BY month, channel
