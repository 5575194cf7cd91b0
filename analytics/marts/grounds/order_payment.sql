/*
meaning: >-
  Payments made up to the day, each once in its newest revision, in the reporting currency. Whose they are is told by payment
views: [sales.transactions]
concerns: {sales.transactions: account}
moves: >-
  SELECT account FROM sales.transactions
  WHERE arrayExists(w -> toDate32(toTimeZone(transaction_at, {timezone:String})) BETWEEN {was:Date32} - w AND {as_of:Date32} - w, [30, 60, 90, 365])
  OR toDate32(toTimeZone(transaction_at, {timezone:String})) > {was:Date32}
*/
SELECT
    t.transaction_id AS transaction_id,
    t.order_id AS order_id,
    t.account AS account,
    t.transaction_at AS transaction_at,
    toDate32(toTimeZone(t.transaction_at, {timezone:String})) AS day,
    t.transaction_type AS transaction_type,
    t.transaction_status AS transaction_status,
    t.payment_method AS payment_method,
    toDecimal64(round(toDecimal256(t.amount, 4) * t.fx_rate, 4), 4) AS amount
FROM sales.transactions AS t
WHERE toDate32(toTimeZone(t.transaction_at, {timezone:String})) <= {as_of:Date32} AND {in_scope t.account} AND {due t.transaction_id}
