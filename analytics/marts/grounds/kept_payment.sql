/*
meaning: Payments with the channel of their order, null where the order is not known
reads: [order_payment, ordered]
kept:
  by: transaction_id
  key: [transaction_id]
  due:
    sales.transactions: transaction_id
    sales.orders: SELECT transaction_id FROM sales.transactions WHERE order_id IN (SELECT order_id FROM {landed})
  beside:
    order_id: SELECT order_id FROM sales.transactions WHERE {due transaction_id}
  moves: >-
    SELECT transaction_id FROM sales.transactions WHERE toDate32(toTimeZone(transaction_at, {timezone:String})) > {was:Date32}
    OR order_id IN (SELECT order_id FROM sales.orders WHERE toDate32(toTimeZone(ordered_at, {timezone:String})) > {was:Date32})
*/
SELECT
    p.transaction_id AS transaction_id,
    p.account AS account,
    p.day AS day,
    toStartOfMonth(p.day) AS month,
    o.channel AS channel,
    p.amount AS amount
FROM order_payment AS p
LEFT JOIN ordered AS o ON o.order_id = p.order_id
