/*
question: How far did each salesperson get towards each target?
owner: employee
grain: a target
key: [target_id]
reads: [target, employee, seller_lines, seller_returns]
refresh: from sums
notes: >-
  What a salesperson sold in a period is the net of the lines of orders placed in it, both days included, in the business
  time zone. Targets of a period that has not begun are left out; of one that has not ended the column is_over is false and
  the figures are those so far. Sales of nobody with a target are not in it.
columns:
  target_id: Target
  employee_id: Salesperson
  masked_name: Name, masked
  job_title: Title on the day
  period_from: First day
  period_to: Last day
  is_over: Whether the period has ended by the day
  target (reporting currency): Net sales to reach
  orders (orders): Orders of the period
  net (reporting currency): Net sales of the period
  net_kept (reporting currency): The same without what was cancelled or has come back
  attainment (percent): Net as a share of the target; two decimals, half away from zero; null for a target of 0
  gap (reporting currency): Net less target
*/
WITH sold AS (
    SELECT employee_id, day, orders, net, net_kept FROM seller_lines
    UNION ALL
    SELECT employee_id, day, 0, 0, -amount_kept FROM seller_returns
),
reached AS (
    SELECT
        t.target_id AS target_id,
        sum(s.orders) AS orders,
        sum(s.net) AS net,
        sum(s.net_kept) AS net_kept
    FROM target AS t
    INNER JOIN sold AS s ON s.employee_id = t.employee_id
    WHERE s.day BETWEEN t.period_from AND t.period_to
    GROUP BY t.target_id
)
SELECT
    t.target_id AS target_id,
    t.employee_id AS employee_id,
    e.masked_name AS masked_name,
    e.job_title AS job_title,
    t.period_from AS period_from,
    t.period_to AS period_to,
    t.period_to <= {as_of:Date32} AS is_over,
    t.target_amount AS target,
    toUInt64(ifNull(r.orders, 0)) AS orders,
    ifNull(r.net, 0) AS net,
    ifNull(r.net_kept, 0) AS net_kept,
    toDecimal64(round(toDecimal256(ifNull(r.net, 0), 8) * 100 / nullIf(toDecimal256(t.target_amount, 8), 0), 2), 2)
        AS attainment,
    ifNull(r.net, 0) - t.target_amount AS gap
FROM target AS t
LEFT JOIN reached AS r ON r.target_id = t.target_id
LEFT JOIN employee AS e ON e.employee_id = t.employee_id
