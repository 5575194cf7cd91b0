/*
meaning: Sales targets of periods that have begun on the day, each once in its newest revision
views: [employee.sales_targets]
*/
SELECT target_id, employee_id, period_from, period_to, target_amount
FROM employee.sales_targets
WHERE period_from <= {as_of:Date32}
