/*
meaning: >-
  The models that anybody has bought by a cutoff, which is the day or 30 days before it; rank 1 is that of most customers, equal
  ones go by name
reads: [owned_model, model]
worked: {key: [cutoff, number]}
*/
WITH counted AS (
    SELECT cutoff, number, toInt64(count()) AS customers
    FROM (
        SELECT
            arrayJoin([{as_of:Date32}, {as_of:Date32} - 30]) AS cutoff,
            arrayJoin(arrayCompact(arraySort(arrayFilter((one, day) -> day <= cutoff, numbers, days)))) AS number
        FROM owned_model
    )
    GROUP BY cutoff, number
)
SELECT
    c.cutoff AS cutoff,
    c.number AS number,
    m.item AS item,
    c.customers AS customers,
    toUInt32(row_number() OVER (PARTITION BY cutoff ORDER BY customers DESC, item)) AS rank
FROM counted AS c
INNER JOIN (SELECT DISTINCT number, item FROM model) AS m ON m.number = c.number
