/*
meaning: The models that anybody has bought by the cutoff; rank 1 is that of most customers, equal ones go by name
reads: [owned_model]
*/
SELECT
    cutoff,
    item,
    toInt64(customers) AS customers,
    toUInt16(row_number() OVER (PARTITION BY cutoff ORDER BY customers DESC, item)) AS rank
FROM (SELECT cutoff, item, count() AS customers FROM owned_model GROUP BY cutoff, item)
