/*
meaning: Order lines in sums by employee and day of the order
reads: [kept_line]
sums: {facts: lines, of: [orders, net, net_kept]}
*/
SELECT
    employee_id,
    day,
    count() AS lines,
    uniqExact(order_id) AS orders,
    sum(l.net) AS net,
    sumIf(l.net, NOT is_cancelled) AS net_kept
FROM kept_line AS l
WHERE employee_id IS NOT NULL
GROUP BY employee_id, day
