/*
question: What is each customer worth over the next three years, if they go on as last year?
owner: customer
grain: a customer
key: [golden_id]
reads: [customer, customers_master, bought]
order: [clv_proxy desc]
refresh: by customer
notes: >-
  clv_proxy = average_order_value x orders_last_year x 3 x margin_rate / 100, rounded to four decimals, half away from zero. It
  takes no account of churn and of interest, so it compares customers and is no forecast; `mesh worth` has one, by BG/NBD and gamma-gamma
  (Fader, Hardie and Lee, 2005). Cancelled orders are no orders here.
columns:
  golden_id: Customer
  masked_name: Name of a person, masked
  company_name: Name of an organisation
  cluster: Cluster as in customers_master
  average_order_value (reporting currency): What was kept by orders not cancelled; four decimals; null without one
  orders_last_year (orders a year): Orders of the 365 days that end with the day
  margin_rate (percent): Profit as a share of what was kept; two decimals; null where nothing was kept
  clv_so_far (reporting currency): Net less cost of all that was kept
  clv_proxy (reporting currency): The formula above; null where average or rate is
*/
WITH rated AS (
    SELECT
        golden_id,
        orders_last_year,
        profit,
        toDecimal128(round(toDecimal256(bought.net_kept, 8) / nullIf(bought.orders - cancelled_orders, 0), 4), 4) AS average_order_value,
        toDecimal64(round(toDecimal256(profit, 8) * 100 / nullIf(toDecimal256(bought.net_kept, 8), 0), 2), 2) AS margin_rate
    FROM bought
)
SELECT
    m.golden_id AS golden_id,
    c.masked_name AS masked_name,
    c.company_name AS company_name,
    m.cluster AS cluster,
    r.average_order_value AS average_order_value,
    ifNull(r.orders_last_year, 0) AS orders_last_year,
    r.margin_rate AS margin_rate,
    ifNull(r.profit, 0) AS clv_so_far,
    toDecimal128(round(
        toDecimal256(r.average_order_value, 4) * r.orders_last_year * 3 * toDecimal256(r.margin_rate, 4) / 100, 4), 4) AS clv_proxy
FROM customers_master AS m
INNER JOIN customer AS c ON c.golden_id = m.golden_id
LEFT JOIN rated AS r ON r.golden_id = m.golden_id
