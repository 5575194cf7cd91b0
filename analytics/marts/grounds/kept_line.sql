/*
meaning: Order lines, of each what marts add up
reads: [order_line]
kept:
  by: order_id
  key: [order_id, line_number]
  due: {sales.orders_enriched: order_id}
  moves: >-
    SELECT order_id FROM sales.orders_enriched WHERE toDate32(toTimeZone(ordered_at, {timezone:String})) > {was:Date32}
*/
SELECT
    order_id, line_number, account, ordered_at, day, channel, employee_id, product_id, product_name, product_category,
    product_subcategory, promotion_id, units, gross, discount, net, unit_cost, cost, margin, order_status, is_cancelled,
    shipping_method, delivered_at
FROM order_line
