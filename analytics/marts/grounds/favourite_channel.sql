/*
meaning: The channel through which each customer ordered most often; of equal ones the one of most net, then the least name
reads: [line]
*/
SELECT golden_id, channel
FROM (
    SELECT golden_id, channel, uniqExact(order_id) AS orders, sum(line.net) AS net
    FROM line
    WHERE golden_id IS NOT NULL
    GROUP BY golden_id, channel
)
ORDER BY orders DESC, net DESC, channel
LIMIT 1 BY golden_id
