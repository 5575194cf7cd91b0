/*
question: What was known of each closed month when it was closed, and what has been adjusted since?
owner: sales
grain: a measure of a closed month
key: [month, measure]
reads: [closed, closing, month_lines, month_payments, month_returns]
refresh: from sums
notes: >-
  A month is closed by `mesh close`. What was known at close never changes; period_adjustments tells each adjustment.
  What is known today is read from kept sums by month; period_adjustments tells which postings differ, and why.
columns:
  month: First day of the month
  measure: units, net, cost, cancelled_net, returned_units, returned_amount or revenue, as in sales_by_period
  closed_at: When it was closed
  closed_by: Who closed it
  at_close (units or reporting currency): As known at close
  adjustments (units or reporting currency): What later facts have changed
  now (units or reporting currency): As known today
*/
WITH kept AS (
    SELECT
        month,
        [sum(closed.units), sum(closed.net), sum(closed.cost), sum(closed.cancelled_net), sum(closed.returned_units),
         sum(closed.returned_amount), sum(closed.revenue)] AS amounts
    FROM closed
    GROUP BY month
),
today AS (
    SELECT month, sumForEach(both.amounts) AS amounts
    FROM (
        SELECT month, arrayMap(x -> toDecimal128(x, 4), [units, l.net, l.cost, l.cancelled_net, 0, 0, 0]) AS amounts FROM month_lines AS l
        UNION ALL
        SELECT month, arrayMap(x -> toDecimal128(x, 4), [0, 0, 0, 0, r.units, r.amount, 0]) FROM month_returns AS r
        UNION ALL
        SELECT month, arrayMap(x -> toDecimal128(x, 4), [0, 0, 0, 0, 0, 0, p.revenue]) FROM month_payments AS p
    ) AS both
    GROUP BY month
)
SELECT
    c.month AS month,
    measure,
    c.closed_at AS closed_at,
    c.closed_by AS closed_by,
    if(empty(k.amounts), 0, k.amounts[place]) AS at_close,
    now - at_close AS adjustments,
    if(empty(t.amounts), 0, t.amounts[place]) AS now
FROM closing AS c
LEFT JOIN kept AS k ON k.month = c.month
LEFT JOIN today AS t ON t.month = c.month
ARRAY JOIN
    ['units', 'net', 'cost', 'cancelled_net', 'returned_units', 'returned_amount', 'revenue'] AS measure,
    arrayEnumerate([1, 2, 3, 4, 5, 6, 7]) AS place
