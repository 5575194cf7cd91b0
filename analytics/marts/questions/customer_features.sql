/*
question: Who is each customer, and how do they buy? One row for models of segments and of churn
owner: customer
grain: a customer
key: [golden_id]
reads: [customer, nearest, bought, favourite_category, favourite_product, favourite_channel]
refresh: by customer
notes: >-
  Last year is the 365 days that end with the as-of day. A cancelled order is bought in none of the figures of money and units; what
  came back counts where the line was ordered. The profit level goes by net_last_year: by what was bought, at the prices paid,
  whatever it cost and whatever of it came back, which return_rate_last_year tells. Who has bought nothing has net 0, so level
  1. Lines whose cost is unknown have no profit. Where there are no distribution centres, or no coordinates, the nearest one is null.
columns:
  golden_id: Customer
  age (years): Full years of life on the day; null where the date of birth is unknown
  country: Country of the customer
  state: State of the customer
  nearest_centre_id: Distribution centre at the least great-circle distance from the customer's store, or else city
  nearest_centre: Its name
  nearest_centre_distance (km): How far that is, to a tenth
  units_last_year (units): Units bought in last year's orders
  returned_units_last_year (units): Units of those that came back
  return_rate_last_year (percent): Returned units by units bought in last year's orders; two decimals; null where nothing was bought
  net_last_year (reporting currency): Net of the lines of last year's orders, before returns
  profit_last_year (reporting currency): Net less cost of what was kept of last year's orders
  profit_level_last_year: 1 where net_last_year is up to 50, 2 above 50 and below 150, 3 from 150
  clv (reporting currency): Lifetime value so far, the net less cost of all that was kept
  orders_last_year (orders a year): Purchase frequency, orders of last year
  favourite_category: Category of most units, then most net, then least name
  favourite_product_id: Product of most units, then most net, then least id
  favourite_product: Its name as of an order
  preferred_channel: Channel of most orders, then most net, then least name
*/
SELECT
    c.golden_id AS golden_id,
    c.age AS age,
    c.country AS country,
    c.state AS state,
    n.location_id AS nearest_centre_id,
    n.name AS nearest_centre,
    round(n.distance, 1) AS nearest_centre_distance,
    ifNull(b.bought_last_year, 0) AS units_last_year,
    ifNull(b.returned_last_year, 0) AS returned_units_last_year,
    toDecimal64(round(toDecimal256(b.returned_last_year, 8) * 100 / nullIf(b.bought_last_year, 0), 2), 2) AS return_rate_last_year,
    ifNull(b.net_last_year, 0) AS net_last_year,
    ifNull(b.profit_last_year, 0) AS profit_last_year,
    multiIf(ifNull(b.net_last_year, 0) <= 50, 1, b.net_last_year < 150, 2, 3) AS profit_level_last_year,
    ifNull(b.profit, 0) AS clv,
    ifNull(b.orders_last_year, 0) AS orders_last_year,
    k.product_category AS favourite_category,
    f.product_id AS favourite_product_id,
    f.product_name AS favourite_product,
    h.channel AS preferred_channel
FROM customer AS c
LEFT JOIN nearest AS n ON n.golden_id = c.golden_id
LEFT JOIN bought AS b ON b.golden_id = c.golden_id
LEFT JOIN favourite_category AS k ON k.golden_id = c.golden_id
LEFT JOIN favourite_product AS f ON f.golden_id = c.golden_id
LEFT JOIN favourite_channel AS h ON h.golden_id = c.golden_id
