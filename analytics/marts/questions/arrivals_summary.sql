/*
question: How many people come to each store and platform, and how many of them buy?
owner: location
grain: a month and a store or platform
key: [month, location_id]
reads: [arrival, session, placed, place]
refresh: whole
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
    SELECT toStartOfMonth(day), location_id, 1, 0, 1 FROM session
    UNION ALL
    SELECT toStartOfMonth(day), assumeNotNull(placed.location_id), 0, 1, 0 FROM placed WHERE placed.location_id IS NOT NULL
),
summed AS (
    SELECT
        month, location_id,
        if(max(is_counted) = 1, sum(came.arrivals), NULL) AS arrivals,
        sum(came.orders) AS orders
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
