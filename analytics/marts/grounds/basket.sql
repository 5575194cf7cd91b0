/*
meaning: >-
  Ranks of the models that each customer had bought by a cutoff, and of those that were bought since and were new to the customer,
  a row a cutoff and customer who had bought before it
reads: [owned_model, model_rank]
worked: {key: [golden_id, cutoff], block: 1024}
*/
WITH parted AS (
    SELECT
        golden_id,
        arrayJoin([{as_of:Date32}, {as_of:Date32} - 30]) AS cutoff,
        arrayCompact(arraySort(arrayFilter((one, day) -> day <= cutoff, numbers, days))) AS before,
        arrayExcept(arrayDistinct(numbers), before) AS since
    FROM owned_model
)
SELECT
    p.golden_id AS golden_id,
    p.cutoff AS cutoff,
    arraySort(groupArrayIf(m.rank, p.is_before)) AS ranks,
    arraySort(groupArrayIf(m.rank, NOT p.is_before)) AS fresh
FROM (
    SELECT golden_id, cutoff, number, place <= many AS is_before
    FROM (
        SELECT golden_id, cutoff, length(before) AS many, arrayConcat(before, since) AS both FROM parted WHERE notEmpty(before)
    )
    ARRAY JOIN both AS number, arrayEnumerate(both) AS place
) AS p
INNER JOIN model_rank AS m ON m.cutoff = p.cutoff AND m.number = p.number
GROUP BY golden_id, cutoff
