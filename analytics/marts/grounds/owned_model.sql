/*
meaning: >-
  The models that each customer has bought, as of the day and as of 30 days before it (cutoff); a product without a model stands
  for itself
reads: [line, product]
*/
SELECT DISTINCT c.cutoff AS cutoff, assumeNotNull(l.golden_id) AS golden_id, ifNull(p.model, l.product_id) AS item
FROM line AS l
LEFT JOIN product AS p ON p.product_id = l.product_id
CROSS JOIN (SELECT arrayJoin([{as_of:Date32}, {as_of:Date32} - 30]) AS cutoff) AS c
WHERE l.golden_id IS NOT NULL AND NOT l.is_cancelled AND l.day <= c.cutoff
