/*
meaning: Order lines in sums by the day of the order; what was cancelled is in lines alone
reads: [kept_line]
sums: {facts: lines, of: [net]}
*/
SELECT day, count() AS lines, sumIf(l.net, NOT is_cancelled) AS net FROM kept_line AS l GROUP BY day
