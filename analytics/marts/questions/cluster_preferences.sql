/*
question: Which categories and which channels does each cluster prefer?
owner: customer
grain: a cluster and a category, or a cluster and a channel
key: [cluster, kind, name]
reads: [customers_master, purchase_history]
refresh: from marts
notes: >-
  affinity = the share of the category or channel in the cluster's units, by its share in everybody's; above 1 the cluster prefers
  it. Lines without a category are left out of the categories. Guests are in no cluster, and so not in everybody.
columns:
  cluster: Cluster as in customers_master
  kind: category or channel
  name: Category or channel
  customers (customers): Customers of the cluster who bought it
  units (units): Units ordered
  net (reporting currency): Net of those lines
  share (percent): Of the cluster's units of that kind; two decimals, half away from zero
  affinity: Share of the cluster by share of everybody; four decimals
*/
WITH bought_as AS (
    -- by customer first, in the order in which they stand, so that no more than one is held at a time
    SELECT golden_id, 'category' AS kind, product_category AS name, sum(s.units) AS units, sum(s.net) AS net
    FROM purchase_history AS s
    WHERE product_category IS NOT NULL
    GROUP BY golden_id, product_category
    UNION ALL
    SELECT golden_id, 'channel', channel, sum(s.units), sum(s.net)
    FROM purchase_history AS s
    GROUP BY golden_id, channel
),
summed AS (
    SELECT
        m.cluster AS cluster, b.kind AS kind, b.name AS name,
        count() AS customers,
        sum(b.units) AS units,
        sum(b.net) AS net
    FROM bought_as AS b
    INNER JOIN customers_master AS m ON m.golden_id = b.golden_id
    GROUP BY cluster, kind, name
),
whole AS (
    SELECT
        *,
        sum(units) OVER (PARTITION BY cluster, kind) AS of_cluster,
        sum(units) OVER (PARTITION BY kind, name) AS of_name,
        sum(units) OVER (PARTITION BY kind) AS of_all
    FROM summed
)
SELECT
    cluster, kind, assumeNotNull(toString(whole.name)) AS name, customers, units, net,
    toDecimal64(round(toDecimal256(units, 8) * 100 / nullIf(of_cluster, 0), 2), 2) AS share,
    toDecimal64(round(toDecimal256(units, 12) * of_all / nullIf(toDecimal256(of_cluster, 0) * of_name, 0), 4), 4) AS affinity
FROM whole
