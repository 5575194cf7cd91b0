/*
question: Which products are bought together more often than by chance?
owner: product
grain: two products, each pair once
key: [product_id, other_id]
reads: [pair_baskets, product_baskets, product_lines, month_lines]
order: [lift desc]
refresh: from sums
notes: >-
  Baskets are orders that were not cancelled. lift = baskets with both x all baskets / (baskets with the one x baskets with the
  other); above 1 they go together (Brin, Motwani, Ullman and Tsur, Dynamic Itemset Counting, 1997, who call it interest). Support
  and confidence are those of Agrawal, Imielinski and Swami (1993). Pairs of fewer than 5 baskets are left out, since their lift is chance.
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
WITH named AS (
    SELECT product_id, max(product_name) AS name FROM product_lines WHERE kept_lines > 0 GROUP BY product_id
),
single AS (
    SELECT b.product_id AS product_id, n.name AS name, b.baskets AS baskets
    FROM product_baskets AS b
    LEFT JOIN named AS n ON n.product_id = b.product_id
)
SELECT
    p.product_id AS product_id,
    p.other_id AS other_id,
    a.name AS name,
    b.name AS other_name,
    toUInt64(p.baskets) AS baskets,
    toUInt64(a.baskets) AS product_baskets,
    toUInt64(b.baskets) AS other_baskets,
    toDecimal64(round(toDecimal256(p.baskets, 12) * 100 / (SELECT sum(baskets) FROM month_lines), 4), 4) AS support,
    toDecimal64(round(toDecimal256(p.baskets, 12) * 100 / a.baskets, 2), 2) AS confidence,
    toDecimal64(round(toDecimal256(p.baskets, 12) * 100 / b.baskets, 2), 2) AS other_confidence,
    toDecimal64(round(toDecimal256(p.baskets, 12) * (SELECT sum(baskets) FROM month_lines) / (a.baskets * b.baskets), 4), 4) AS lift
FROM pair_baskets AS p
INNER JOIN single AS a ON a.product_id = p.product_id
INNER JOIN single AS b ON b.product_id = p.other_id
WHERE p.baskets >= 5
