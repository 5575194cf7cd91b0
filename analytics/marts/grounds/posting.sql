/*
meaning: >-
  What counts in the books of a month: order lines in that of the order, payments in that of the payment, returns in
  that of the return, each with its moment and what it adds
reads: [order_line, order_payment, order_return]
*/
SELECT
    toStartOfMonth(day) AS month,
    ordered_at AS moment,
    'line' AS kind,
    concat(order_id, '#', toString(line_number)) AS id,
    order_id,
    product_id,
    toInt64(l.units) AS units,
    toDecimal128(l.net, 4) AS net,
    toDecimal128(ifNull(l.cost, 0), 4) AS cost,
    toDecimal128(if(is_cancelled, l.net, 0), 4) AS cancelled_net,
    toInt64(0) AS returned_units,
    toDecimal128(0, 4) AS returned_amount,
    toDecimal128(0, 4) AS revenue
FROM order_line AS l
UNION ALL
SELECT
    toStartOfMonth(day), transaction_at, 'payment', transaction_id, order_id, NULL, 0, 0, 0, 0, 0, 0, toDecimal128(amount, 4)
FROM order_payment
UNION ALL
SELECT
    toStartOfMonth(day), returned_at, 'return', return_id, order_id, NULL, 0, 0, 0, 0,
    toInt64(r.units), toDecimal128(r.amount, 4), 0
FROM order_return AS r
