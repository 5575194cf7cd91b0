/*
question: Which kind of customer is each one, how loyal, how engaged, and how likely to be lost?
owner: customer
grain: a customer
key: [golden_id]
reads: [customer, bought, payment, session, contact]
refresh: by customer
notes: >-
  cluster is by rule, the first that holds: Prospect (no order); Lost (last order more than 365 days before the day); Lapsing
  (more than 90 days); New (first order within 90 days); Loyal (3 orders or more last year); else Occasional.
  loyalty_score = 50 x min(orders last year, 6) / 6 + 30 x min(days from first to last order, 1095) / 1095 + 20 x months with an
  order last year / 12, months at most 12. Last year is the 365 days that end with the day. Both go by recency and frequency, two
  of the three figures of RFM (Hughes, Strategic Database Marketing, 1994); the third, money, is net_kept. The weights are a choice
  of this mart, and were fitted to nothing.
  engagement_index = 50 x min(visits in the last 90 days, 10) / 10 + 50 x min(contacts opened or clicked in them, 5) / 5; null
  for whom neither a visit nor a contact is known at all, so for everybody where none are measured; a choice likewise. The last 90 days end with
  the day, too.
columns:
  golden_id: Customer
  cluster: Prospect, New, Loyal, Occasional, Lapsing or Lost
  orders (orders): Orders with at least one line
  orders_last_year (orders): Those of the 365 days that end with the day
  online_orders (orders): Those of them that were placed online
  units (units): Units ordered
  net (reporting currency): Net of their lines
  net_kept (reporting currency): Net of what was neither cancelled nor returned
  loyalty_score (points): 0 to 100, to a tenth
  visits (visits): Visits to the platforms; null where none is known
  engagement_index (points): 0 to 100, to a tenth
  online_purchase_ratio (percent): Online orders by orders; two decimals; null without orders
  churn_risk: By the days since the last transaction Low (to 30), Medium (to 60), High (to 90) or Churned; No transaction
*/
WITH paid AS (
    SELECT golden_id, max(day) AS last_day FROM payment WHERE golden_id IS NOT NULL GROUP BY golden_id
),
visits AS (
    SELECT golden_id, countIf(day > {as_of:Date32} - 90) AS recent, count() AS visits FROM session
    WHERE golden_id IS NOT NULL GROUP BY golden_id
),
contacts AS (
    SELECT golden_id, countIf(day > {as_of:Date32} - 90 AND outcome IN ('Opened', 'Clicked')) AS recent
    FROM contact GROUP BY golden_id
)
SELECT
    c.golden_id AS golden_id,
    multiIf(
        b.orders IS NULL, 'Prospect',
        b.last_day < {as_of:Date32} - 365, 'Lost',
        b.last_day < {as_of:Date32} - 90, 'Lapsing',
        b.first_day >= {as_of:Date32} - 90, 'New',
        b.orders_last_year >= 3, 'Loyal',
        'Occasional'
    ) AS cluster,
    ifNull(b.orders, 0) AS orders,
    ifNull(b.orders_last_year, 0) AS orders_last_year,
    ifNull(b.online_orders, 0) AS online_orders,
    ifNull(b.units, 0) AS units,
    ifNull(b.net, 0) AS net,
    ifNull(b.net_kept, 0) AS net_kept,
    if(b.orders IS NULL, 0, round(
        50 * least(b.orders_last_year, 6) / 6
        + 30 * least(dateDiff('day', b.first_day, b.last_day), 1095) / 1095
        + 20 * least(b.months_last_year, 12) / 12, 1)) AS loyalty_score,
    v.visits AS visits,
    if(v.golden_id IS NULL AND k.golden_id IS NULL, NULL, round(
        50 * least(ifNull(v.recent, 0), 10) / 10 + 50 * least(ifNull(k.recent, 0), 5) / 5, 1)) AS engagement_index,
    toDecimal64(round(toDecimal256(b.online_orders, 8) * 100 / nullIf(b.orders, 0), 2), 2) AS online_purchase_ratio,
    multiIf(
        p.last_day IS NULL, 'No transaction',
        p.last_day >= {as_of:Date32} - 30, 'Low',
        p.last_day >= {as_of:Date32} - 60, 'Medium',
        p.last_day >= {as_of:Date32} - 90, 'High',
        'Churned'
    ) AS churn_risk
FROM customer AS c
LEFT JOIN bought AS b ON b.golden_id = c.golden_id
LEFT JOIN paid AS p ON p.golden_id = c.golden_id
LEFT JOIN visits AS v ON v.golden_id = c.golden_id
LEFT JOIN contacts AS k ON k.golden_id = c.golden_id
