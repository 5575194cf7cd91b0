/*
meaning: >-
  Orders placed up to the day, each once in its newest revision, with its newest shipment as known today. Whose they are is
  told by placed
views: [sales.orders, sales.fulfilments]
concerns: {sales.orders: account, sales.fulfilments: account}
moves: >-
  SELECT account FROM sales.orders
  WHERE arrayExists(w -> toDate32(toTimeZone(ordered_at, {timezone:String})) BETWEEN {was:Date32} - w AND {as_of:Date32} - w, [30, 60, 90, 365])
  OR toDate32(toTimeZone(ordered_at, {timezone:String})) > {was:Date32}
*/
WITH shipment AS (
    SELECT order_id, order_status, shipping_method, ships_from_id, shipped_at, delivered_at
    FROM sales.fulfilments
    WHERE {in_scope account} AND {due order_id}
    ORDER BY updated_at DESC, fulfilment_id DESC
    LIMIT 1 BY order_id
)
SELECT
    o.order_id AS order_id,
    o.account AS account,
    toDate32(toTimeZone(o.ordered_at, {timezone:String})) AS day,
    o.ordered_at AS ordered_at,
    o.channel AS channel,
    o.location_id AS location_id,
    o.promo_code AS promo_code,
    o.promised_at AS promised_at,
    s.order_status AS order_status,
    ifNull(s.order_status = 'Cancelled', 0) AS is_cancelled,
    ifNull(s.shipping_method, o.requested_shipping_method) AS shipping_method,
    s.ships_from_id AS ships_from_id,
    s.shipped_at AS shipped_at,
    s.delivered_at AS delivered_at,
    toDecimal64(round(toDecimal256(o.shipping_amount, 4) * o.fx_rate, 4), 4) AS shipping_amount,
    toDecimal64(round(toDecimal256(o.total_amount, 4) * o.fx_rate, 4), 4) AS total_amount
FROM sales.orders AS o
LEFT JOIN shipment AS s ON s.order_id = o.order_id
WHERE toDate32(toTimeZone(o.ordered_at, {timezone:String})) <= {as_of:Date32} AND {in_scope o.account} AND {due o.order_id}
