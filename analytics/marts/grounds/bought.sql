/*
meaning: What each customer has bought, in sums; last year is the 365 days that end with the day
reads: [sale]
*/
SELECT
    golden_id,
    min(day) AS first_day,
    max(day) AS last_day,
    uniqExact(order_id) AS orders,
    uniqExactIf(order_id, is_cancelled) AS cancelled_orders,
    uniqExactIf(order_id, channel = 'Online') AS online_orders,
    uniqExactIf(order_id, day > {as_of:Date32} - 365) AS orders_last_year,
    uniqExactIf(toStartOfMonth(day), day > {as_of:Date32} - 365) AS months_last_year,
    sum(sale.units) AS units,
    sum(sale.net) AS net,
    sum(kept_units) AS kept_units,
    sum(kept_net) AS net_kept,
    ifNull(sum(sale.profit), 0) AS profit,
    sumIf(sale.net, NOT is_cancelled AND day > {as_of:Date32} - 365) AS net_last_year,
    ifNull(sumIf(sale.profit, day > {as_of:Date32} - 365), 0) AS profit_last_year,
    sumIf(sale.units, NOT is_cancelled AND day > {as_of:Date32} - 365) AS bought_last_year,
    sumIf(sale.returned_units, NOT is_cancelled AND day > {as_of:Date32} - 365) AS returned_last_year
FROM sale
WHERE golden_id IS NOT NULL
GROUP BY golden_id
