/*
question: How much more was sold of what each promotion covered, and what did the discount cost?
owner: sales
grain: a promotion
key: [promotion_id]
reads: [promotion, promotion_lines, promotion_orders, product_days, day_lines]
order: [first_day desc]
refresh: from sums
notes: >-
  What a promotion covers is every product of which a line was sold under it. The baseline is the 28 days before its first day: units
  a day of those products then, cancelled orders left out. uplift = units a day while it runs, by that, less 1. The season is not
  taken out of it, so compare promotions of one season. A baseline that began before the first order is null.
columns:
  promotion_id: Promotion
  name: Name
  promotion_type: Kind
  first_day: First day
  last_day: Last day so far, at most the as-of day
  products (products): Products that it covers
  orders (orders): Orders with a line under it
  units (units): Units sold under it
  net (reporting currency): Net of those lines
  discount (reporting currency): Discount of those lines
  margin (reporting currency): Net less cost of those lines, where the cost is known
  units_a_day (units a day): All units of its products while it runs; four decimals
  baseline_units_a_day (units a day): The same of the 28 days before; four decimals
  uplift (percent): As above; two decimals; null without a baseline
*/
WITH runs AS (
    SELECT promotion_id, name, promotion_type, first_day, least(ifNull(promotion.last_day, {as_of:Date32}), {as_of:Date32}) AS last_day
    FROM promotion
),
under AS (
    SELECT
        l.promotion_id AS promotion_id,
        count() AS products,
        any(o.orders) AS orders,
        sum(l.units) AS units,
        sum(l.net) AS net,
        sum(l.discount) AS discount,
        sum(l.margin) AS margin
    FROM promotion_lines AS l
    LEFT JOIN promotion_orders AS o ON o.promotion_id = l.promotion_id
    GROUP BY promotion_id
),
sold AS (
    SELECT
        r.promotion_id AS promotion_id,
        sumIf(l.demand, l.day BETWEEN r.first_day AND r.last_day) AS during,
        sumIf(l.demand, l.day BETWEEN r.first_day - 28 AND r.first_day - 1) AS before
    FROM runs AS r
    INNER JOIN promotion_lines AS c ON c.promotion_id = r.promotion_id
    INNER JOIN product_days AS l ON l.product_id = c.product_id
    GROUP BY promotion_id
),
rated AS (
    SELECT
        r.promotion_id AS promotion_id, r.name AS name, r.promotion_type AS promotion_type, r.first_day AS first_day,
        r.last_day AS last_day,
        ifNull(s.during, 0) AS during,
        if(r.first_day - 28 < (SELECT min(day) FROM day_lines), NULL, ifNull(s.before, 0)) AS before,
        dateDiff('day', r.first_day, r.last_day) + 1 AS days
    FROM runs AS r
    LEFT JOIN sold AS s ON s.promotion_id = r.promotion_id
)
SELECT
    r.promotion_id AS promotion_id, r.name AS name, r.promotion_type AS promotion_type, r.first_day AS first_day,
    r.last_day AS last_day,
    ifNull(u.products, 0) AS products, toUInt64(ifNull(u.orders, 0)) AS orders, ifNull(u.units, 0) AS units, ifNull(u.net, 0) AS net,
    ifNull(u.discount, 0) AS discount, ifNull(u.margin, 0) AS margin,
    toDecimal64(round(toDecimal256(r.during, 8) / r.days, 4), 4) AS units_a_day,
    toDecimal64(round(toDecimal256(r.before, 8) / 28, 4), 4) AS baseline_units_a_day,
    toDecimal64(round(toDecimal256(r.during, 12) * 28 * 100 / nullIf(toDecimal256(r.before, 0) * r.days, 0), 2), 2) - 100 AS uplift
FROM rated AS r
LEFT JOIN under AS u ON u.promotion_id = r.promotion_id
