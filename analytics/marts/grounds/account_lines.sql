/*
meaning: Order lines by account, so that those of some customers are found by an index; each is a sum of its own
reads: [kept_line]
sums: {facts: lines, by: account}
*/
SELECT
    account, order_id, line_number, ordered_at, day, channel, product_id, product_name, product_category, product_subcategory,
    promotion_id, units, discount, net, unit_cost, order_status, is_cancelled, shipping_method, delivered_at,
    toInt64(1) AS lines
FROM kept_line
