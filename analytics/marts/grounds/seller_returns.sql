/*
meaning: Returns of lines in sums by the employee who sold them and the day of the order; what is kept is of lines that were not cancelled
reads: [kept_return]
sums: {facts: returns, of: [amount_kept]}
*/
SELECT
    assumeNotNull(r.employee_id) AS employee_id,
    assumeNotNull(r.ordered_on) AS day,
    count() AS returns,
    sum(r.amount_kept) AS amount_kept
FROM kept_return AS r
WHERE r.employee_id IS NOT NULL AND r.ordered_on IS NOT NULL
GROUP BY employee_id, day
