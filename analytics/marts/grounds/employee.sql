/*
meaning: Employees as they are described on the day, a row an employee; names are masked
views: [employee.employees]
*/
SELECT
    employee_id,
    concat(first_name, ' ', last_name) AS masked_name,
    job_title,
    department,
    territory_id
FROM employee.employees
WHERE toDate32(toTimeZone(valid_from, {timezone:String})) <= {as_of:Date32}
ORDER BY valid_from DESC, seq DESC
LIMIT 1 BY employee_id
