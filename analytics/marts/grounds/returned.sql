/*
meaning: Returns up to the day, each once in its newest revision; withdrawn ones are not there
views: [sales.returns, customer.crosswalk, customer.customer_360]
concerns: {sales.returns: account, customer.crosswalk: account, customer.customer_360: golden_id}
moves: >-
  SELECT account FROM sales.returns
  WHERE arrayExists(w -> toDate32(toTimeZone(returned_at, {timezone:String})) BETWEEN {was:Date32} - w AND {as_of:Date32} - w, [30, 60, 90, 365])
  OR toDate32(toTimeZone(returned_at, {timezone:String})) > {was:Date32}
*/
SELECT
    r.return_id AS return_id,
    r.order_id AS order_id,
    r.line_number AS line_number,
    r.account AS account,
    if(startsWith(r.account, 'guest:'), NULL, ifNull(x.golden_id, r.account)) AS golden_id,
    r.returned_at AS returned_at,
    toDate32(toTimeZone(r.returned_at, {timezone:String})) AS day,
    r.reason AS reason,
    r.quantity AS units,
    toDecimal64(round(toDecimal256(r.amount, 4) * r.fx_rate, 4), 4) AS amount
FROM sales.returns AS r
LEFT JOIN customer.crosswalk AS x ON x.account = r.account
WHERE r.quantity > 0
    AND toDate32(toTimeZone(r.returned_at, {timezone:String})) <= {as_of:Date32}
    AND {in_scope r.account}
