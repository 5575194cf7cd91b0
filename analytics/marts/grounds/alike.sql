/*
meaning: >-
  How alike each model is to the others, in millionths: customers with both / sqrt(customers with the one x with the other).
  Of the 2,048 models that most customers bought. Eight ranks are one word of 8 x 32 bits, which are added up at once: no sum of
  2,047 millions takes more than 31 bits, and the last one, which a model has for itself alone, tells that it was bought
reads: [basket, model_rank]
worked: {key: [cutoff, rank], block: 256}
*/
WITH pairs AS (
    SELECT cutoff, rank, other, toInt64(count()) AS customers
    FROM (
        -- each pair once
        SELECT cutoff, rank, arrayJoin(arraySlice(some, place + 1)) AS other
        FROM (SELECT cutoff, arrayFilter(one -> one <= 2048, ranks) AS some FROM basket)
        ARRAY JOIN some AS rank, arrayEnumerate(some) AS place
    )
    GROUP BY cutoff, rank, other
),
weighed AS (
    SELECT
        p.cutoff AS cutoff,
        arrayJoin([(p.rank, p.other), (p.other, p.rank)]) AS pair,
        toUInt256(floor(1000000 * p.customers / sqrt(a.customers * b.customers))) AS weight
    FROM pairs AS p
    INNER JOIN model_rank AS a ON a.cutoff = p.cutoff AND a.rank = p.rank
    INNER JOIN model_rank AS b ON b.cutoff = p.cutoff AND b.rank = p.other
    UNION ALL
    SELECT cutoff, (rank, rank), toUInt256(bitShiftLeft(toUInt64(1), 31)) FROM model_rank WHERE rank <= 2048
)
SELECT cutoff, rank, groupArrayInsertAt(toUInt256(0))(word, place) AS words
FROM (
    SELECT
        cutoff, pair.1 AS rank, toUInt32(intDiv(pair.2 - 1, 8)) AS place,
        sum(bitShiftLeft(weight, 32 * ((pair.2 - 1) % 8))) AS word
    FROM weighed
    GROUP BY cutoff, rank, place
)
GROUP BY cutoff, rank
