/*
question: What was sold and paid in each month, by channel, and how much of it was cancelled or came back?
owner: sales
grain: a month and channel
key: [month, channel]
reads: [month_lines, month_payments, month_returns]
refresh: from sums
notes: >-
  Orders and lines count in the month of the order, payments in that of the payment, returns in that of the return, all in
  the business time zone and by the channel of the order. A payment without an order has no channel. Gross, discount, net,
  cost and margin are of all lines, cancelled ones too; net_kept takes cancelled lines and returns off.
columns:
  month: First day of the month
  channel: Channel of the order; null where the order is not known
  orders (orders): Orders with at least one line
  cancelled_orders (orders): Those of them whose newest shipment is Cancelled
  units (units): Units ordered
  gross (reporting currency): Lines before discount
  discount (reporting currency): Discount of the lines
  net (reporting currency): Lines after discount, without tax and shipping
  cost (reporting currency): Cost of the units as of the order's time, where it is known
  margin (reporting currency): Net less cost of the lines whose cost is known
  cancelled_net (reporting currency): Net of the lines of cancelled orders
  returned_units (units): Units that came back in the month
  returned_amount (reporting currency): What was refunded for them
  net_kept (reporting currency): Net less cancelled_net less returned_amount
  transactions (transactions): Payments
  revenue (reporting currency): Sum of the payments
  average_transaction (reporting currency): Revenue a payment; four decimals, half away from zero; null without payments
*/
WITH moves AS (
    SELECT
        month, channel, orders, cancelled_orders, units, gross, discount, net, cost, margin, cancelled_net,
        0 AS returned_units, 0 AS returned_amount, 0 AS transactions, 0 AS revenue
    FROM month_lines
    UNION ALL
    SELECT month, channel, 0, 0, 0, 0, 0, 0, 0, 0, 0, r.units, r.amount, 0, 0 FROM month_returns AS r
    UNION ALL
    SELECT month, channel, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, p.transactions, p.revenue FROM month_payments AS p
)
SELECT
    month,
    channel,
    toUInt64(sum(moves.orders)) AS orders,
    toUInt64(sum(moves.cancelled_orders)) AS cancelled_orders,
    sum(moves.units) AS units,
    sum(moves.gross) AS gross,
    sum(moves.discount) AS discount,
    sum(moves.net) AS net,
    sum(moves.cost) AS cost,
    sum(moves.margin) AS margin,
    sum(moves.cancelled_net) AS cancelled_net,
    sum(moves.returned_units) AS returned_units,
    sum(moves.returned_amount) AS returned_amount,
    sum(moves.net) - sum(moves.cancelled_net) - sum(moves.returned_amount) AS net_kept,
    toUInt64(sum(moves.transactions)) AS transactions,
    sum(moves.revenue) AS revenue,
    toDecimal128(round(toDecimal256(sum(moves.revenue), 8) / nullIf(sum(moves.transactions), 0), 4), 4)
        AS average_transaction
FROM moves
GROUP BY month, channel
