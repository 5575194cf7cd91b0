/*
meaning: Contacts in campaigns up to the day, with what has come of them as known today
views: [customer.contacts, customer.crosswalk, customer.customer_360]
concerns: {customer.contacts: account, customer.crosswalk: account, customer.customer_360: golden_id}
moves: >-
  SELECT account FROM customer.contacts
  WHERE arrayExists(w -> toDate32(toTimeZone(contacted_at, {timezone:String})) BETWEEN {was:Date32} - w AND {as_of:Date32} - w, [30, 60, 90, 365])
  OR toDate32(toTimeZone(contacted_at, {timezone:String})) > {was:Date32}
*/
SELECT
    k.contact_id AS contact_id,
    k.campaign_id AS campaign_id,
    ifNull(x.golden_id, k.account) AS golden_id,
    toDate32(toTimeZone(k.contacted_at, {timezone:String})) AS day,
    k.outcome AS outcome
FROM customer.contacts AS k
LEFT JOIN customer.crosswalk AS x ON x.account = k.account
WHERE toDate32(toTimeZone(k.contacted_at, {timezone:String})) <= {as_of:Date32} AND {in_scope k.account}
