/*
meaning: The category of which each customer bought most units; of equal ones the one of most net, then the least name
reads: [line]
*/
SELECT golden_id, product_category
FROM (
    SELECT golden_id, product_category, sum(line.units) AS units, sum(line.net) AS net
    FROM line
    WHERE golden_id IS NOT NULL AND product_category IS NOT NULL
    GROUP BY golden_id, product_category
)
ORDER BY units DESC, net DESC, product_category
LIMIT 1 BY golden_id
