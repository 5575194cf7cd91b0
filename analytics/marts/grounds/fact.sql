/*
meaning: Facts that postings are made of, each in its newest revision, with what it may change and when it landed
views: [sales.orders, sales.transactions, sales.fulfilments, sales.returns, product.products]
*/
SELECT 'order' AS subject, order_id AS subject_id, 'OrderPlaced' AS event, event_id, occurred_at, _landed_at AS landed_at
FROM sales.orders
UNION ALL
SELECT 'order', order_id, 'FulfilmentUpdated', event_id, occurred_at, _landed_at FROM sales.fulfilments
UNION ALL
SELECT 'payment', transaction_id, 'PaymentRecorded', event_id, occurred_at, _landed_at FROM sales.transactions
UNION ALL
SELECT 'return', return_id, 'ReturnRecorded', event_id, occurred_at, _landed_at FROM sales.returns
UNION ALL
SELECT 'product', product_id, 'ProductDescribed', event_id, occurred_at, _landed_at FROM product.products
