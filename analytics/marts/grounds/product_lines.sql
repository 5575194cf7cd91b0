/*
meaning: >-
  Order lines in sums by product, as it was described then; what is kept is what was not cancelled, and unknown_costs are
  the lines of it whose cost is unknown
reads: [kept_line]
sums:
  facts: lines
  of: [kept_lines, units, net, cancelled_units, net_kept, cost_kept, unknown_costs]
*/
SELECT
    product_id,
    product_name,
    product_category,
    count() AS lines,
    countIf(NOT is_cancelled) AS kept_lines,
    sum(l.units) AS units,
    sum(l.net) AS net,
    sumIf(l.units, is_cancelled) AS cancelled_units,
    sumIf(l.net, NOT is_cancelled) AS net_kept,
    sumIf(ifNull(l.unit_cost * l.units, 0), NOT is_cancelled) AS cost_kept,
    countIf(NOT is_cancelled AND unit_cost IS NULL) AS unknown_costs
FROM kept_line AS l
GROUP BY product_id, product_name, product_category
