/*
meaning: >-
  Returns with the channel of their order, and with what of their line they take back. A return of no line that is known has no
  product; what comes back is sold again, so its cost comes back too
reads: [order_return, ordered, order_line]
kept:
  by: return_id
  key: [return_id]
  due:
    sales.returns: return_id
    sales.orders: SELECT return_id FROM sales.returns WHERE order_id IN (SELECT order_id FROM {landed})
    sales.orders_enriched: SELECT return_id FROM sales.returns WHERE order_id IN (SELECT order_id FROM {landed})
  beside:
    order_id: SELECT order_id FROM sales.returns WHERE {due return_id}
  moves: >-
    SELECT return_id FROM sales.returns WHERE toDate32(toTimeZone(returned_at, {timezone:String})) > {was:Date32}
    OR order_id IN (SELECT order_id FROM sales.orders WHERE toDate32(toTimeZone(ordered_at, {timezone:String})) > {was:Date32})
    OR order_id IN (SELECT order_id FROM sales.orders_enriched WHERE toDate32(toTimeZone(ordered_at, {timezone:String})) > {was:Date32})
*/
SELECT
    r.return_id AS return_id,
    r.order_id AS order_id,
    r.line_number AS line_number,
    r.account AS account,
    r.day AS day,
    toStartOfMonth(r.day) AS month,
    o.channel AS channel,
    l.product_id AS product_id,
    l.employee_id AS employee_id,
    l.day AS ordered_on,
    r.units AS units,
    r.amount AS amount,
    if(l.is_cancelled, 0, r.amount) AS amount_kept,
    if(l.is_cancelled, 0, ifNull(l.unit_cost * r.units, 0)) AS cost_kept
FROM order_return AS r
LEFT JOIN ordered AS o ON o.order_id = r.order_id
LEFT JOIN order_line AS l ON l.order_id = r.order_id AND l.line_number = r.line_number
