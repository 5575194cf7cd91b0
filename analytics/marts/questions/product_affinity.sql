/*
question: Which products are bought together more often than by chance?
owner: product
grain: two products, each pair once
key: [product_id, other_id]
reads: [line]
order: [lift desc]
refresh: whole
notes: >-
  Baskets are orders that were not cancelled. lift = baskets with both x all baskets / (baskets with the one x baskets with the
  other); above 1 they go together. Pairs of fewer than 5 baskets are left out, since their lift is chance.
columns:
  product_id: The product of the lesser id
  other_id: The other one
  name: Name of the one as of an order
  other_name: Name of the other
  baskets (orders): Orders with both
  product_baskets (orders): Orders with the one
  other_baskets (orders): Orders with the other
  support (percent): Baskets with both of all baskets; four decimals, half away from zero
  confidence (percent): Baskets with both of those with the one; two decimals
  other_confidence (percent): Baskets with both of those with the other; two decimals
  lift: As above; four decimals
*/
WITH basket AS (
    SELECT order_id, product_id, any(product_name) AS name FROM line WHERE NOT is_cancelled GROUP BY order_id, product_id
),
single AS (SELECT product_id, max(name) AS name, count() AS baskets FROM basket GROUP BY product_id),
pairs AS (
    SELECT a.product_id AS product_id, b.product_id AS other_id, count() AS baskets
    FROM basket AS a INNER JOIN basket AS b ON b.order_id = a.order_id
    WHERE a.product_id < b.product_id
    GROUP BY product_id, other_id
    HAVING baskets >= 5
)
SELECT
    p.product_id AS product_id,
    p.other_id AS other_id,
    a.name AS name,
    b.name AS other_name,
    p.baskets AS baskets,
    a.baskets AS product_baskets,
    b.baskets AS other_baskets,
    toDecimal64(round(toDecimal256(p.baskets, 12) * 100 / (SELECT uniqExact(order_id) FROM basket), 4), 4) AS support,
    toDecimal64(round(toDecimal256(p.baskets, 12) * 100 / a.baskets, 2), 2) AS confidence,
    toDecimal64(round(toDecimal256(p.baskets, 12) * 100 / b.baskets, 2), 2) AS other_confidence,
    toDecimal64(round(toDecimal256(p.baskets, 12) * (SELECT uniqExact(order_id) FROM basket) / (a.baskets * b.baskets), 4), 4) AS lift
FROM pairs AS p
INNER JOIN single AS a ON a.product_id = p.product_id
INNER JOIN single AS b ON b.product_id = p.other_id
