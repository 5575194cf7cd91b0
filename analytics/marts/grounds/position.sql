/*
meaning: >-
  Where customers are, in degrees: at the store that looks after them; of those without one, in the middle of the
  places of their city that have coordinates
reads: [customer, place]
*/
WITH towns AS (
    SELECT city, state, country, avg(place.latitude) AS latitude, avg(place.longitude) AS longitude
    FROM place
    WHERE place.latitude IS NOT NULL AND place.longitude IS NOT NULL AND city IS NOT NULL
    GROUP BY city, state, country
)
SELECT
    c.golden_id AS golden_id,
    ifNull(h.latitude, t.latitude) AS latitude,
    ifNull(h.longitude, t.longitude) AS longitude
FROM customer AS c
LEFT JOIN place AS h ON h.location_id = c.home_location_id
LEFT JOIN towns AS t ON t.city = c.city AND t.state = c.state AND t.country = c.country
