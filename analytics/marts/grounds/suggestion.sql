/*
meaning: >-
  What might be offered next, as of the day and as of 30 days before it (cutoff): for each customer and each model not bought yet
  a score by the models that were bought, and by how many customers bought it. A product without a model stands for itself
reads: [line, product]
*/
WITH cutoffs AS (SELECT arrayJoin([{as_of:Date32}, {as_of:Date32} - 30]) AS cutoff),
owned AS (
    SELECT DISTINCT c.cutoff AS cutoff, assumeNotNull(l.golden_id) AS golden_id, ifNull(p.model, l.product_id) AS item
    FROM line AS l
    LEFT JOIN product AS p ON p.product_id = l.product_id
    CROSS JOIN cutoffs AS c
    WHERE l.golden_id IS NOT NULL AND NOT l.is_cancelled AND l.day <= c.cutoff
),
buyers AS (SELECT cutoff, item, count() AS customers FROM owned GROUP BY cutoff, item),
pairs AS (
    SELECT a.cutoff AS cutoff, a.item AS item, b.item AS other, count() AS customers
    FROM owned AS a INNER JOIN owned AS b ON b.cutoff = a.cutoff AND b.golden_id = a.golden_id
    WHERE a.item != b.item
    GROUP BY cutoff, item, other
),
alike AS (
    SELECT
        p.cutoff AS cutoff, p.item AS item, p.other AS other,
        toUInt64(floor(1000000 * p.customers / sqrt(a.customers * b.customers))) AS weight
    FROM pairs AS p
    INNER JOIN buyers AS a ON a.cutoff = p.cutoff AND a.item = p.item
    INNER JOIN buyers AS b ON b.cutoff = p.cutoff AND b.item = p.other
),
scored AS (
    SELECT o.cutoff AS cutoff, o.golden_id AS golden_id, s.other AS item, sum(s.weight) AS score
    FROM owned AS o INNER JOIN alike AS s ON s.cutoff = o.cutoff AND s.item = o.item
    GROUP BY cutoff, golden_id, item
),
people AS (SELECT DISTINCT cutoff, golden_id FROM owned)
SELECT
    c.cutoff AS cutoff,
    c.golden_id AS golden_id,
    b.item AS item,
    ifNull(s.score, 0) AS score,
    b.customers AS customers,
    row_number() OVER (PARTITION BY cutoff, golden_id ORDER BY score DESC, customers DESC, item) AS affinity_rank,
    row_number() OVER (PARTITION BY cutoff, golden_id ORDER BY customers DESC, item) AS popular_rank
FROM people AS c
INNER JOIN buyers AS b ON b.cutoff = c.cutoff
LEFT JOIN scored AS s ON s.cutoff = c.cutoff AND s.golden_id = c.golden_id AND s.item = b.item
WHERE (c.cutoff, c.golden_id, b.item) NOT IN (SELECT cutoff, golden_id, item FROM owned)
