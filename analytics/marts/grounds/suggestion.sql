/*
meaning: >-
  What might be offered next, a row a customer and cutoff: ranks of the models that were bought, (score in millionths, rank) of
  the five others of the greatest score, and ranks of the five others that most customers bought. Customers who bought the same
  models are worked out together
reads: [owned_model, model_rank]
*/
WITH people AS (
    SELECT o.cutoff AS cutoff, o.golden_id AS golden_id, arraySort(groupArray(m.rank)) AS ranks
    FROM owned_model AS o
    INNER JOIN model_rank AS m ON m.cutoff = o.cutoff AND m.item = o.item
    GROUP BY cutoff, golden_id
),
kinds AS (
    SELECT cutoff, ranks, cityHash64(cutoff, ranks) AS kind, count() AS customers FROM people GROUP BY cutoff, ranks
),
single AS (SELECT cutoff, kind, ranks, customers, arrayJoin(ranks) AS rank FROM kinds),
models AS (SELECT cutoff, max(rank) AS models FROM model_rank GROUP BY cutoff),
pairs AS (
    SELECT cutoff, rank, other, toInt64(sum(customers)) AS customers
    FROM (SELECT cutoff, rank, customers, arrayJoin(ranks) AS other FROM single)
    WHERE rank != other
    GROUP BY cutoff, rank, other
),
alike AS (
    SELECT
        p.cutoff AS cutoff, p.rank AS rank, p.other AS other,
        toInt64(floor(1000000 * p.customers / sqrt(a.customers * b.customers))) AS weight
    FROM pairs AS p
    INNER JOIN model_rank AS a ON a.cutoff = p.cutoff AND a.rank = p.rank
    INNER JOIN model_rank AS b ON b.cutoff = p.cutoff AND b.rank = p.other
),
vectors AS (
    SELECT
        cutoff, rank, groupArray(other) AS others, groupArray(weight) AS weights,
        arrayMap(
            place -> if(has(others, place), weights[indexOf(others, place)], 0), range(toUInt16(1), toUInt16(m.models + 1))
        ) AS vector
    FROM alike AS a
    INNER JOIN models AS m ON m.cutoff = a.cutoff
    GROUP BY cutoff, rank, m.models
),
scored AS (
    SELECT s.kind AS kind, sumForEach(v.vector) AS scores
    FROM single AS s
    INNER JOIN vectors AS v ON v.cutoff = s.cutoff AND v.rank = s.rank
    GROUP BY kind
),
offered AS (
    -- A score and a rank are one number while they are sorted, and only as many are looked at as may be bought already.
    SELECT
        k.kind AS kind,
        range(toUInt16(1), toUInt16(m.models + 1)) AS places,
        arrayReverseSort(
            arrayMap((score, place) -> score * 65536 + 65535 - place, arrayResize(c.scores, m.models, toInt64(0)), places)
        ) AS sorted,
        arrayMap(
            code -> (intDiv(code, 65536), toUInt16(65535 - code % 65536)), arraySlice(sorted, 1, 5 + length(k.ranks))
        ) AS first,
        arraySlice(arrayFilter(one -> NOT has(k.ranks, one.2), first), 1, 5) AS affinity,
        arraySlice(
            arrayFilter(one -> NOT has(k.ranks, one), arraySlice(places, 1, 5 + length(k.ranks))), 1, 5
        ) AS popular
    FROM kinds AS k
    INNER JOIN models AS m ON m.cutoff = k.cutoff
    LEFT JOIN scored AS c ON c.kind = k.kind
)
SELECT p.cutoff AS cutoff, p.golden_id AS golden_id, p.ranks AS ranks, o.affinity AS affinity, o.popular AS popular
FROM people AS p
INNER JOIN (SELECT kind, affinity, popular FROM offered) AS o ON o.kind = cityHash64(p.cutoff, p.ranks)
