/*
question: How do customers of each age behave, how often, how much, where, and what comes back?
owner: customer
grain: an age group
key: [age_group]
reads: [customer, bought, session]
refresh: whole
notes: Age groups are those of the semantic model. Visits are null where none of the group is known. Guests have no age and are not in it.
columns:
  age_group: Under 18, 18-35, 36-50, Above 50, or Unknown
  customers (customers): Customers on the day
  buyers (customers): Those who have ordered
  orders (orders): Their orders
  orders_each (orders): Orders a buyer; two decimals
  units_an_order (units): Units an order; two decimals
  net_an_order (reporting currency): Net an order; four decimals
  online_share (percent): Online orders of the orders; two decimals
  return_rate (percent): Of last year's units bought, as in customer_features; two decimals
  visits (visits): Visits to the platforms
*/
WITH visited AS (
    SELECT golden_id, count() AS visits FROM session WHERE golden_id IS NOT NULL GROUP BY golden_id
)
SELECT
    multiIf(c.age IS NULL, 'Unknown', c.age < 18, 'Under 18', c.age <= 35, '18-35', c.age <= 50, '36-50', 'Above 50') AS age_group,
    count() AS customers,
    count(b.orders) AS buyers,
    ifNull(sum(b.orders), 0) AS orders,
    toDecimal64(round(toDecimal256(sum(b.orders), 8) / nullIf(count(b.orders), 0), 2), 2) AS orders_each,
    toDecimal64(round(toDecimal256(sum(b.units), 8) / nullIf(sum(b.orders), 0), 2), 2) AS units_an_order,
    toDecimal128(round(toDecimal256(sum(b.net), 8) / nullIf(sum(b.orders), 0), 4), 4) AS net_an_order,
    toDecimal64(round(toDecimal256(sum(b.online_orders), 8) * 100 / nullIf(sum(b.orders), 0), 2), 2) AS online_share,
    toDecimal64(round(toDecimal256(sum(b.returned_last_year), 8) * 100 / nullIf(sum(b.bought_last_year), 0), 2), 2) AS return_rate,
    sum(v.visits) AS visits
FROM customer AS c
LEFT JOIN bought AS b ON b.golden_id = c.golden_id
LEFT JOIN visited AS v ON v.golden_id = c.golden_id
GROUP BY age_group
