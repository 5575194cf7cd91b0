/*
question: What does each cluster of customers bring?
owner: customer
grain: a cluster
key: [cluster]
reads: [customers_master, clv_proxy]
order: [net_kept desc]
refresh: from marts
columns:
  cluster: Cluster as in customers_master
  customers (customers): Customers in it
  orders (orders): Their orders
  net (reporting currency): Net of their lines
  net_kept (reporting currency): Net of what was neither cancelled nor returned
  profit (reporting currency): Net less cost of that
  share (percent): Of the net_kept of all clusters; two decimals, half away from zero
  net_kept_each (reporting currency): Net_kept a customer; four decimals
  clv_proxy_each (reporting currency): Mean clv_proxy of those who have one; four decimals
*/
WITH summed AS (
    SELECT
        m.cluster AS cluster,
        count() AS customers,
        sum(m.orders) AS orders,
        sum(m.net) AS net,
        sum(m.net_kept) AS net_kept,
        sum(c.clv_so_far) AS profit,
        toDecimal128(round(toDecimal256(sum(c.clv_proxy), 8) / nullIf(count(c.clv_proxy), 0), 4), 4) AS clv_proxy_each
    FROM customers_master AS m
    INNER JOIN clv_proxy AS c ON c.golden_id = m.golden_id
    GROUP BY cluster
)
SELECT
    cluster, customers, orders, net, net_kept, profit,
    toDecimal64(round(toDecimal256(net_kept, 8) * 100 / nullIf(toDecimal256(sum(net_kept) OVER (), 8), 0), 2), 2) AS share,
    toDecimal128(round(toDecimal256(net_kept, 8) / customers, 4), 4) AS net_kept_each,
    clv_proxy_each
FROM summed
