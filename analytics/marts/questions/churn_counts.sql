/*
question: How many customers are churned, and how many are not?
owner: customer
grain: a churn status
key: [churn_status]
reads: [customer_churn]
order: [customers desc]
refresh: from marts
notes: >-
  Every status has a row, whether anybody has it or not, by the rule of customer_churn. The table of two answers is the sum by
  is_churned, in which who never transacted counts as not churned.
columns:
  churn_status: Churned, Not Churned or No transaction
  is_churned: 1 of Churned, 0 of the others
  customers (customers): Customers with it
  share (percent): Of all customers; two decimals, half away from zero
  revenue (reporting currency): Sum of their payments
*/
SELECT
    s.churn_status AS churn_status,
    s.churn_status = 'Churned' AS is_churned,
    countIf(c.golden_id IS NOT NULL) AS customers,
    toDecimal64(round(toDecimal256(customers, 8) * 100 / nullIf(sum(customers) OVER (), 0), 2), 2) AS share,
    ifNull(sum(c.revenue), 0) AS revenue
FROM (SELECT arrayJoin(['Churned', 'Not Churned', 'No transaction']) AS churn_status) AS s
LEFT JOIN customer_churn AS c ON c.churn_status = s.churn_status
GROUP BY churn_status
