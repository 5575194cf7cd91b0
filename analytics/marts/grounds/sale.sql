/*
meaning: >-
  Order lines with what is left of them on the day: of a cancelled order nothing, of any other line what has not come
  back; what comes back is sold again, so its cost comes back too
reads: [line, account_returns]
*/
WITH back AS (
    SELECT order_id, line_number, sum(b.units) AS units, sum(b.amount) AS amount
    FROM account_returns AS b
    GROUP BY order_id, line_number
)
SELECT
    l.*,
    ifNull(b.units, 0) AS returned_units,
    ifNull(b.amount, 0) AS returned_amount,
    if(l.is_cancelled, 0, l.units - ifNull(b.units, 0)) AS kept_units,
    if(l.is_cancelled, 0, l.net - ifNull(b.amount, 0)) AS kept_net,
    if(l.is_cancelled, 0, l.unit_cost * (l.units - ifNull(b.units, 0))) AS kept_cost,
    if(l.is_cancelled, 0, l.net - ifNull(b.amount, 0) - l.unit_cost * (l.units - ifNull(b.units, 0))) AS profit
FROM line AS l
LEFT JOIN back AS b ON b.order_id = l.order_id AND b.line_number = l.line_number
