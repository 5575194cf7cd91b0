/*
meaning: Net of the lines of orders not cancelled, by month, from the first whole month to the last one that is over, none left out
reads: [line]
*/
WITH bounds AS (
    SELECT
        if(toDayOfMonth(min(day)) = 1, toStartOfMonth(min(day)), addMonths(toStartOfMonth(min(day)), 1)) AS first,
        toStartOfMonth({as_of:Date32} + 1) AS after
    FROM line
),
months AS (
    SELECT addMonths(bounds.first, arrayJoin(range(toUInt64(greatest(dateDiff('month', bounds.first, bounds.after), 0))))) AS month
    FROM bounds
),
sums AS (
    SELECT toStartOfMonth(day) AS month, sum(line.net) AS net FROM line WHERE NOT is_cancelled GROUP BY month
)
SELECT m.month AS month, toDecimal128(ifNull(s.net, 0), 4) AS net
FROM months AS m
LEFT JOIN sums AS s ON s.month = m.month
