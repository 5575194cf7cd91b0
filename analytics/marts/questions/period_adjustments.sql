/*
question: What has changed in the closed months since each was closed, and which events changed it?
owner: sales
grain: an order line, payment or return that counts otherwise than at close
key: [month, kind, id]
reads: [adjusted, closing, fact]
refresh: whole
notes: >-
  A fact that moved to another month is gone from the one and, if that is closed, added to the other. The causes are the facts
  of the order, payment, return or product that have landed since the close, each in its newest revision.
  Worked out whole: every posting of the months from the first to the last that is closed is held to what was kept of it.
columns:
  month: First day of the closed month
  kind: line, payment or return
  id: Order and line number, payment or return
  order_id: Its order
  change: added, changed or gone
  units (units): What is ordered more or, negative, less than at close
  net (reporting currency): The same of the net amount
  cost (reporting currency): The same of the cost
  cancelled_net (reporting currency): The same of the net amount of cancelled orders
  returned_units (units): The same of units that came back
  returned_amount (reporting currency): The same of what was refunded
  revenue (reporting currency): The same of what was paid
  causes: Event, event id and event time of each fact, in the order of event time
*/
WITH subjects AS (
    SELECT month, kind, id, if(kind = 'line', 'order', kind) AS subject, if(kind = 'line', order_id, id) AS subject_id
    FROM adjusted
    UNION ALL
    SELECT month, kind, id, 'product', ifNull(product_id, '') FROM adjusted
),
found AS (
    SELECT a.month AS month, a.kind AS kind, a.id AS id, f.event AS event, f.event_id AS event_id, f.occurred_at AS occurred_at
    FROM subjects AS a
    INNER JOIN closing AS c ON c.month = a.month
    INNER JOIN (SELECT * FROM fact WHERE subject_id IN (SELECT subject_id FROM subjects)) AS f
        ON f.subject = a.subject AND f.subject_id = a.subject_id
    WHERE f.landed_at >= c.closed_at
),
causes AS (
    SELECT
        month, kind, id,
        arrayMap(
            one -> concat(one.2, ' ', one.3, ' of ', formatDateTime(one.1, '%F %T')),
            arraySort(groupArray((occurred_at, event, event_id)))
        ) AS causes
    FROM found
    GROUP BY month, kind, id
)
SELECT
    a.month AS month, a.kind AS kind, a.id AS id, a.order_id AS order_id, a.change AS change,
    a.units AS units, a.net AS net, a.cost AS cost, a.cancelled_net AS cancelled_net,
    a.returned_units AS returned_units, a.returned_amount AS returned_amount, a.revenue AS revenue,
    c.causes AS causes
FROM adjusted AS a
LEFT JOIN causes AS c ON c.month = a.month AND c.kind = a.kind AND c.id = a.id
