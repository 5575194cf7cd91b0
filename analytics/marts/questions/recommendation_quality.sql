/*
question: Do recommendations meet what customers buy, and better than the most popular models do?
owner: customer
grain: a method
key: [method]
reads: [suggestion]
order: [hit_rate desc]
refresh: whole
every: day
notes: >-
  Held out are the last 30 days up to the day. Both methods know what was bought before, and offer five models that a customer
  had not bought. Tested are customers who had bought before, and bought a model in the held-out days that was new to them
  and that somebody had bought before. A hit is a customer who bought one of the five at least.
  Worked out whole, and once a day, as recommendations are: the days that are held out move with the day.
columns:
  method: affinity (as in recommendations) or most popular
  tested (customers): Customers who are tested
  hits (customers): Those who bought one of the five
  hit_rate (percent): Of the tested; two decimals, half away from zero; null without any
*/
WITH met AS (
    SELECT
        hasAny(affinity.2, fresh) AS affinity,
        hasAny(
            -- ranks are by the customers who bought, so the most popular are the first that were not bought
            arraySlice(arrayExcept(range(toUInt32(1), toUInt32(6 + length(ranks))), ranks), 1, 5), fresh
        ) AS popular
    FROM suggestion
    WHERE cutoff = {as_of:Date32} - 30
),
counted AS (SELECT count() AS tested, [countIf(affinity), countIf(popular)] AS hits FROM met)
SELECT
    method,
    tested,
    hit AS hits,
    toDecimal64(round(toDecimal256(hit, 8) * 100 / nullIf(tested, 0), 2), 2) AS hit_rate
FROM counted
ARRAY JOIN ['affinity', 'most popular'] AS method, counted.hits AS hit
