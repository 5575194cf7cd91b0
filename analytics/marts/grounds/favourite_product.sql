/*
meaning: The product of which each customer bought most units; of equal ones the one of most net, then the least id
reads: [line]
*/
SELECT golden_id, product_id, product_name
FROM (
    SELECT golden_id, product_id, max(product_name) AS product_name, sum(line.units) AS units, sum(line.net) AS net
    FROM line
    WHERE golden_id IS NOT NULL
    GROUP BY golden_id, product_id
)
ORDER BY units DESC, net DESC, product_id
LIMIT 1 BY golden_id
