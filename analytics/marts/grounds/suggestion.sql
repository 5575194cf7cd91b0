/*
meaning: >-
  What might be offered next, a row a customer: as of the day to everybody, and 30 days before it to those who bought something
  new since. (score in millionths, rank) of the five models of the greatest score that the customer had not bought
reads: [basket, model_rank, alike]
worked:
  key: [cutoff, golden_id]
  block: 64
  by: golden_id
  starts: >-
    SELECT golden_id
    FROM (SELECT golden_id, rowNumberInAllBlocks() AS place FROM (SELECT DISTINCT golden_id FROM basket ORDER BY golden_id))
    WHERE place > 0 AND place % (SELECT intDiv(8000000, greatest(least(max(rank), 2048), 1)) FROM model_rank) = 0
*/
WITH asked AS (
    SELECT cutoff, golden_id, ranks, fresh FROM basket
    WHERE (cutoff = {as_of:Date32} OR notEmpty(fresh)) AND {part golden_id}
),
models AS (SELECT cutoff, least(max(rank), 2048) AS models FROM model_rank GROUP BY cutoff),
added AS (
    SELECT s.cutoff AS cutoff, s.golden_id AS golden_id, sumForEach(a.words) AS words
    FROM (SELECT cutoff, golden_id, arrayJoin(ranks) AS rank FROM asked) AS s
    INNER JOIN alike AS a ON a.cutoff = s.cutoff AND a.rank = s.rank
    GROUP BY cutoff, golden_id
),
scored AS (
    SELECT
        s.cutoff AS cutoff,
        s.golden_id AS golden_id,
        s.ranks AS ranks,
        s.fresh AS fresh,
        arrayResize(
            arrayFlatten(arrayMap(word -> arrayMap(lane -> toInt64(toUInt32(bitShiftRight(word, lane))), range(0, 256, 32)), a.words)),
            m.models, toInt64(0)
        ) AS scores,
        -- A score and a rank are one number while they are sorted, less than none where the model was bought.
        arrayMap(
            (score, place) -> if(score < 2147483648, score * 2048 + 2048 - place, -1), scores, arrayEnumerate(scores)
        ) AS codes
    FROM asked AS s
    INNER JOIN models AS m ON m.cutoff = s.cutoff
    LEFT JOIN added AS a ON a.cutoff = s.cutoff AND a.golden_id = s.golden_id
)
SELECT
    cutoff, golden_id, ranks, fresh,
    arrayMap(
        code -> (intDiv(code, 2048), toUInt32(2048 - code % 2048)),
        arrayFilter(code -> code >= 0, arraySlice(arrayPartialReverseSort(5, codes), 1, 5))
    ) AS affinity
FROM scored
