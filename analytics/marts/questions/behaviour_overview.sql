/*
question: How do customers of each age behave, how often, how much, where, and what comes back?
owner: customer
grain: an age group
key: [age_group]
reads: [customer_features, customers_master]
refresh: from marts
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
SELECT
    multiIf(f.age IS NULL, 'Unknown', f.age < 18, 'Under 18', f.age <= 35, '18-35', f.age <= 50, '36-50', 'Above 50') AS age_group,
    count() AS customers,
    countIf(m.orders > 0) AS buyers,
    sum(m.orders) AS orders,
    toDecimal64(round(toDecimal256(sum(m.orders), 8) / nullIf(countIf(m.orders > 0), 0), 2), 2) AS orders_each,
    toDecimal64(round(toDecimal256(sum(m.units), 8) / nullIf(sum(m.orders), 0), 2), 2) AS units_an_order,
    toDecimal128(round(toDecimal256(sum(m.net), 8) / nullIf(sum(m.orders), 0), 4), 4) AS net_an_order,
    toDecimal64(round(toDecimal256(sum(m.online_orders), 8) * 100 / nullIf(sum(m.orders), 0), 2), 2) AS online_share,
    toDecimal64(round(
        toDecimal256(sum(f.returned_units_last_year), 8) * 100 / nullIf(sum(f.units_last_year), 0), 2), 2) AS return_rate,
    sum(m.visits) AS visits
FROM customer_features AS f
INNER JOIN customers_master AS m ON m.golden_id = f.golden_id
GROUP BY age_group
