/*
question: How many people come to each store and platform, and how many of them buy?
owner: location
grain: a month and a store or platform
key: [month, location_id]
reads: [arrival, place_sessions, place_orders, place]
refresh: from sums
notes: >-
  Arrivals are the counted visitors of a store, and the visits of a platform. Where nobody counts, arrivals and conversion are
  null. Orders without a store or platform are not in it.
columns:
  month: First day of the month
  location_id: Store or platform
  name: Its name
  location_type: Store or Online
  arrivals (people or visits): Who came in, or visited
  orders (orders): Orders placed there
  conversion (percent): Orders by arrivals; two decimals; null without arrivals
*/
WITH came AS (
    SELECT toStartOfMonth(day) AS month, location_id, toUInt64(visitors) AS arrivals, 0 AS orders, 1 AS is_counted FROM arrival
    UNION ALL
    SELECT month, location_id, toUInt64(visits), 0, 1 FROM place_sessions
    UNION ALL
    SELECT month, location_id, 0, p.orders, 0 FROM place_orders AS p
),
summed AS (
    SELECT
        month, location_id,
        if(max(is_counted) = 1, sum(came.arrivals), NULL) AS arrivals,
        toUInt64(sum(came.orders)) AS orders
    FROM came
    GROUP BY month, location_id
)
SELECT
    s.month AS month,
    s.location_id AS location_id,
    p.name AS name,
    p.location_type AS location_type,
    s.arrivals AS arrivals,
    s.orders AS orders,
    toDecimal64(round(toDecimal256(s.orders, 8) * 100 / nullIf(s.arrivals, 0), 2), 2) AS conversion
FROM summed AS s
LEFT JOIN place AS p ON p.location_id = s.location_id
