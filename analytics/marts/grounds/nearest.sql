/*
meaning: The nearest distribution centre of each customer whose position is known, by the great circle on a sphere of 6371.0088 km
reads: [position, place]
*/
SELECT golden_id, location_id, name, distance
FROM (
    SELECT
        p.golden_id AS golden_id,
        w.location_id AS location_id,
        w.name AS name,
        2 * 6371.0088 * asin(sqrt(
            pow(sin(radians(assumeNotNull(w.latitude) - assumeNotNull(p.latitude)) / 2), 2)
            + cos(radians(assumeNotNull(p.latitude))) * cos(radians(assumeNotNull(w.latitude)))
            * pow(sin(radians(assumeNotNull(w.longitude) - assumeNotNull(p.longitude)) / 2), 2)
        )) AS distance
    FROM position AS p
    CROSS JOIN place AS w
    WHERE w.location_type = 'Warehouse' AND p.latitude IS NOT NULL AND p.longitude IS NOT NULL
        AND w.latitude IS NOT NULL AND w.longitude IS NOT NULL
)
ORDER BY distance, location_id
LIMIT 1 BY golden_id
