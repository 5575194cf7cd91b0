/*
meaning: Visits to the online platforms that ended up to the day
views: [customer.web_sessions, customer.crosswalk, customer.customer_360]
concerns: {customer.web_sessions: account, customer.crosswalk: account, customer.customer_360: golden_id}
moves: >-
  SELECT account FROM customer.web_sessions
  WHERE arrayExists(w -> toDate32(toTimeZone(ended_at, {timezone:String})) BETWEEN {was:Date32} - w AND {as_of:Date32} - w, [30, 60, 90, 365])
  OR toDate32(toTimeZone(ended_at, {timezone:String})) > {was:Date32}
*/
SELECT
    w.session_id AS session_id,
    w.location_id AS location_id,
    w.order_id AS order_id,
    if(startsWith(w.account, 'guest:'), NULL, ifNull(x.golden_id, w.account)) AS golden_id,
    toDate32(toTimeZone(w.ended_at, {timezone:String})) AS day
FROM customer.web_sessions AS w
LEFT JOIN customer.crosswalk AS x ON x.account = w.account
WHERE toDate32(toTimeZone(w.ended_at, {timezone:String})) <= {as_of:Date32} AND {in_scope w.account}
