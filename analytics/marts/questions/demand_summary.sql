/*
question: How much of each product is wanted, and how long will the stock last?
owner: product
grain: a product
key: [product_id]
reads: [product, product_days, product_lines, stocked]
order: [units_90 desc]
refresh: from sums
notes: >-
  Demand is units ordered, cancelled orders left out. Stock is the sum of the newest count at each place; null where nobody
  counts, so are the days. Cover = stock on hand x 90 / units of the last 90 days.
columns:
  product_id: Product
  name: Name as of the day; null where it was never described
  category: Category
  units_30 (units): Demand of the 30 days that end with the day
  units_90 (units): Demand of the 90 days that end with the day
  units_365 (units): Demand of the 365 days that end with the day
  units (units): Demand ever
  last_ordered_on: Day of the last order; null where it was never ordered
  on_hand (units): Stock in all places
  on_order (units): What is on its way there
  cover (days): How long the stock lasts at the demand of 90 days; one decimal; null without demand or count
*/
WITH demand AS (
    SELECT
        product_id,
        sumIf(demand, day > {as_of:Date32} - 30) AS units_30,
        sumIf(demand, day > {as_of:Date32} - 90) AS units_90,
        sumIf(demand, day > {as_of:Date32} - 365) AS units_365,
        sum(demand) AS units,
        max(day) AS last_ordered_on
    FROM product_days
    GROUP BY product_id
),
sold AS (
    SELECT product_id, max(product_name) AS name, max(product_category) AS category
    FROM product_lines
    WHERE kept_lines > 0
    GROUP BY product_id
),
counted AS (
    SELECT product_id, sum(stocked.on_hand) AS on_hand, sum(ifNull(stocked.on_order, 0)) AS on_order FROM stocked GROUP BY product_id
),
known AS (
    SELECT product_id FROM product UNION DISTINCT SELECT product_id FROM demand UNION DISTINCT SELECT product_id FROM counted
)
SELECT
    k.product_id AS product_id,
    ifNull(p.name, s.name) AS name,
    ifNull(p.category, s.category) AS category,
    ifNull(d.units_30, 0) AS units_30,
    ifNull(d.units_90, 0) AS units_90,
    ifNull(d.units_365, 0) AS units_365,
    ifNull(d.units, 0) AS units,
    d.last_ordered_on AS last_ordered_on,
    c.on_hand AS on_hand,
    c.on_order AS on_order,
    toDecimal64(round(toDecimal256(c.on_hand, 8) * 90 / nullIf(d.units_90, 0), 1), 1) AS cover
FROM known AS k
LEFT JOIN product AS p ON p.product_id = k.product_id
LEFT JOIN demand AS d ON d.product_id = k.product_id
LEFT JOIN sold AS s ON s.product_id = k.product_id
LEFT JOIN counted AS c ON c.product_id = k.product_id
