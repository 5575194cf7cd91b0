/*
meaning: The model of each product that was ordered, which stands for itself without one; numbers are those of models, from 1
reads: [order_line, product]
*/
SELECT
    s.product_id AS product_id,
    ifNull(p.model, s.product_id) AS item,
    toUInt32(dense_rank() OVER (ORDER BY item)) AS number
FROM (SELECT DISTINCT product_id FROM order_line) AS s
LEFT JOIN product AS p ON p.product_id = s.product_id
