/*
meaning: The postings of closed months as they were known when each was closed
views: [marts.closings, marts.closed_postings]
*/
SELECT
    p.month AS month, p.kind AS kind, p.id AS id, p.order_id AS order_id, p.product_id AS product_id,
    p.units AS units, p.net AS net, p.cost AS cost, p.cancelled_net AS cancelled_net,
    p.returned_units AS returned_units, p.returned_amount AS returned_amount, p.revenue AS revenue
FROM marts.closed_postings AS p
INNER JOIN marts.closings AS c ON c.month = p.month AND c.number = p.number
