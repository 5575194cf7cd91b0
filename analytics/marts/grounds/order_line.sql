/*
meaning: >-
  Order lines ordered up to the day, with what was known of the order then or since; withdrawn lines are not there. Whose
  they are is told by line
views: [sales.orders_enriched]
concerns: {sales.orders_enriched: account}
moves: >-
  SELECT account FROM sales.orders_enriched
  WHERE arrayExists(w -> toDate32(toTimeZone(ordered_at, {timezone:String})) BETWEEN {was:Date32} - w AND {as_of:Date32} - w, [30, 60, 90, 365])
  OR toDate32(toTimeZone(ordered_at, {timezone:String})) > {was:Date32}
*/
SELECT
    l.order_id AS order_id,
    l.line_number AS line_number,
    l.account AS account,
    l.ordered_at AS ordered_at,
    toDate32(toTimeZone(l.ordered_at, {timezone:String})) AS day,
    l.channel AS channel,
    l.location_id AS location_id,
    l.employee_id AS employee_id,
    ifNull(l.territory_country, ifNull(l.location_country, l.customer_country)) AS country,
    l.product_id AS product_id,
    l.product_name AS product_name,
    l.product_category AS product_category,
    l.product_subcategory AS product_subcategory,
    l.promotion_id AS promotion_id,
    l.promo_code AS promo_code,
    l.quantity AS units,
    l.gross AS gross,
    l.discount AS discount,
    l.net AS net,
    l.product_unit_cost AS unit_cost,
    l.cost AS cost,
    l.margin AS margin,
    l.order_status AS order_status,
    ifNull(l.order_status = 'Cancelled', 0) AS is_cancelled,
    ifNull(l.shipping_method, l.requested_shipping_method) AS shipping_method,
    l.promised_at AS promised_at,
    l.shipped_at AS shipped_at,
    l.delivered_at AS delivered_at
FROM sales.orders_enriched AS l
WHERE toDate32(toTimeZone(l.ordered_at, {timezone:String})) <= {as_of:Date32} AND {in_scope l.account} AND {due l.order_id}
