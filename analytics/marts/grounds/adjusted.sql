/*
meaning: Postings of closed months that are no longer as they were closed, with what differs
reads: [posting, closed, closing]
*/
WITH
    -- moments say less than months, but the index of order lines knows them; a day is at most 14 hours away from UTC's
    (SELECT toDateTime64(min(month), 0, 'UTC') - INTERVAL 1 DAY FROM closing) AS first,
    (SELECT toDateTime64(max(month) + INTERVAL 1 MONTH, 0, 'UTC') + INTERVAL 1 DAY FROM closing) AS last,
both AS (
    SELECT p.* EXCEPT moment, 1 AS sign FROM posting AS p
    WHERE p.month IN (SELECT month FROM closing) AND p.moment >= first AND p.moment < last
    UNION ALL
    SELECT c.*, -1 AS sign FROM closed AS c
),
summed AS (
    SELECT
        month,
        kind,
        id,
        argMax(both.order_id, sign) AS order_id,
        argMax(both.product_id, sign) AS product_id,
        multiIf(min(sign) = 1, 'added', max(sign) = -1, 'gone', 'changed') AS change,
        sum(both.units * sign) AS units,
        sum(both.net * sign) AS net,
        sum(both.cost * sign) AS cost,
        sum(both.cancelled_net * sign) AS cancelled_net,
        sum(both.returned_units * sign) AS returned_units,
        sum(both.returned_amount * sign) AS returned_amount,
        sum(both.revenue * sign) AS revenue
    FROM both
    GROUP BY month, kind, id
)
SELECT * FROM summed
WHERE change != 'changed' OR (units, net, cost, cancelled_net, returned_units, returned_amount, revenue) != (0, 0, 0, 0, 0, 0, 0)
