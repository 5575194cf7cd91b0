/*
meaning: Visits to the online platforms that ended up to the day
views: [customer.web_sessions]
kept:
  by: session_id
  key: [session_id]
  due: {customer.web_sessions: session_id}
  moves: >-
    SELECT session_id FROM customer.web_sessions WHERE toDate32(toTimeZone(ended_at, {timezone:String})) > {was:Date32}
*/
SELECT session_id, location_id, toStartOfMonth(toDate32(toTimeZone(ended_at, {timezone:String}))) AS month
FROM customer.web_sessions
WHERE toDate32(toTimeZone(ended_at, {timezone:String})) <= {as_of:Date32} AND {due session_id}
