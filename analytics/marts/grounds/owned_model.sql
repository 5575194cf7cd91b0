/*
meaning: >-
  Numbers of the models that each customer has bought, and the day of each purchase, a row a customer. Lists of numbers take a
  tenth of the work that a row a customer and model does
reads: [line, model]
worked: {key: [golden_id]}
*/
SELECT
    assumeNotNull(l.golden_id) AS golden_id,
    groupArray(assumeNotNull(m.number)) AS numbers,
    groupArray(l.day) AS days
FROM line AS l
INNER JOIN model AS m ON m.product_id = l.product_id
WHERE l.golden_id IS NOT NULL AND NOT l.is_cancelled
GROUP BY golden_id
