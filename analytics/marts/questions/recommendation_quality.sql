/*
question: Do recommendations meet what customers buy, and better than the most popular models do?
owner: customer
grain: a method
key: [method]
reads: [suggestion, model_rank, line, product]
order: [hit_rate desc]
refresh: whole
notes: >-
  Held out are the last 30 days up to the day. Both methods know what was bought before, and offer five models that a customer
  had not bought. Tested are customers who had bought before, and bought a model in the held-out days that was new to them
  and that somebody had bought before. A hit is a customer who bought one of the five at least.
  Worked out whole: it is as recommendations are, and the days that are held out move with the day.
columns:
  method: affinity (as in recommendations) or most popular
  tested (customers): Customers who are tested
  hits (customers): Those who bought one of the five
  hit_rate (percent): Of the tested; two decimals, half away from zero; null without any
*/
WITH held_out AS (
    SELECT DISTINCT l.golden_id AS golden_id, m.rank AS rank
    FROM line AS l
    LEFT JOIN product AS p ON p.product_id = l.product_id
    INNER JOIN model_rank AS m ON m.item = ifNull(p.model, l.product_id)
    WHERE m.cutoff = {as_of:Date32} - 30 AND l.golden_id IS NOT NULL AND NOT l.is_cancelled AND l.day > m.cutoff
),
met AS (
    SELECT
        s.golden_id AS golden_id,
        max(has(s.affinity.2, h.rank)) AS affinity,
        max(has(s.popular, h.rank)) AS popular
    FROM suggestion AS s
    INNER JOIN held_out AS h ON h.golden_id = s.golden_id
    WHERE s.cutoff = {as_of:Date32} - 30 AND NOT has(s.ranks, h.rank)
    GROUP BY golden_id
),
counted AS (SELECT count() AS tested, [countIf(affinity), countIf(popular)] AS hits FROM met)
SELECT
    method,
    tested,
    hit AS hits,
    toDecimal64(round(toDecimal256(hit, 8) * 100 / nullIf(tested, 0), 2), 2) AS hit_rate
FROM counted
ARRAY JOIN ['affinity', 'most popular'] AS method, counted.hits AS hit
