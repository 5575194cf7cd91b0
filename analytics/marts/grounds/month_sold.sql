/*
meaning: Net of the lines of orders not cancelled, by month, from the first whole month to the last one that is over, none left out
reads: [day_lines]
*/
WITH bounds AS (
    SELECT
        if(toDayOfMonth(min(day)) = 1, toStartOfMonth(min(day)), addMonths(toStartOfMonth(min(day)), 1)) AS first,
        toStartOfMonth({as_of:Date32} + 1) AS after
    FROM day_lines
),
months AS (
    SELECT addMonths(bounds.first, arrayJoin(range(toUInt64(greatest(dateDiff('month', bounds.first, bounds.after), 0))))) AS month
    FROM bounds
),
sums AS (
    SELECT toStartOfMonth(day) AS month, sum(day_lines.net) AS net FROM day_lines GROUP BY month
)
SELECT m.month AS month, toDecimal128(ifNull(s.net, 0), 4) AS net
FROM months AS m
LEFT JOIN sums AS s ON s.month = m.month
