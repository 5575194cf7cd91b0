/*
question: What was known of each closed month when it was closed, and what has been adjusted since?
owner: sales
grain: a measure of a closed month
key: [month, measure]
reads: [closed, closing, adjusted]
refresh: whole
notes: >-
  A month is closed by `mesh close`. What was known at close never changes; period_adjustments tells each adjustment.
  Worked out whole: every posting of the closed months is held to what was kept of it.
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
since AS (
    SELECT
        month,
        [sum(adjusted.units), sum(adjusted.net), sum(adjusted.cost), sum(adjusted.cancelled_net), sum(adjusted.returned_units),
         sum(adjusted.returned_amount), sum(adjusted.revenue)] AS amounts
    FROM adjusted
    GROUP BY month
)
SELECT
    c.month AS month,
    measure,
    c.closed_at AS closed_at,
    c.closed_by AS closed_by,
    if(empty(k.amounts), 0, k.amounts[place]) AS at_close,
    if(empty(s.amounts), 0, s.amounts[place]) AS adjustments,
    at_close + adjustments AS now
FROM closing AS c
LEFT JOIN kept AS k ON k.month = c.month
LEFT JOIN since AS s ON s.month = c.month
ARRAY JOIN
    ['units', 'net', 'cost', 'cancelled_net', 'returned_units', 'returned_amount', 'revenue'] AS measure,
    arrayEnumerate([1, 2, 3, 4, 5, 6, 7]) AS place
