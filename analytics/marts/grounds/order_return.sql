/*
meaning: >-
  Returns up to the day, each once in its newest revision; withdrawn ones are not there. Whose they are is told by returned
views: [sales.returns]
concerns: {sales.returns: account}
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
    r.returned_at AS returned_at,
    toDate32(toTimeZone(r.returned_at, {timezone:String})) AS day,
    r.reason AS reason,
    r.quantity AS units,
    toDecimal64(round(toDecimal256(r.amount, 4) * r.fx_rate, 4), 4) AS amount
FROM sales.returns AS r
WHERE r.quantity > 0
    AND toDate32(toTimeZone(r.returned_at, {timezone:String})) <= {as_of:Date32}
    AND {in_scope r.account}
    AND {due r.return_id}
