/*
question: Who has not bought for more than 90 days, and when does each customer cross that line?
owner: customer
grain: a customer
key: [golden_id]
reads: [customer, payment]
order: [revenue desc]
refresh: by customer
notes: >-
  Churned when the day of the last transaction is before the as-of day less 90 days, so a customer crosses the line at the
  first moment of the 91st day after it. Who never transacted has the status "No transaction", and where there are two
  answers alone, in is_churned, is not churned. churn_counts has how many there are of each.
  Every payment counts, whatever its type and status, as in total_revenue.
columns:
  golden_id: Customer
  masked_name: Name of a person, masked
  company_name: Name of an organisation
  customer_type: Person or Organisation
  country: Country of the customer
  churn_status: Churned, Not Churned or No transaction
  is_churned: 1 when Churned, 0 when Not Churned or No transaction
  last_transaction_on: Day of the last transaction in the business time zone; null without one
  crosses_at: Moment at which the customer crosses, or crossed, the line if nothing more is bought; null without a transaction
  transactions (transactions): Payments
  revenue (reporting currency): Sum of the payments
*/
WITH paid AS (
    SELECT golden_id, max(day) AS last_day, sum(payments) AS transactions, sum(p.amount) AS revenue
    FROM payment AS p
    WHERE golden_id IS NOT NULL
    GROUP BY golden_id
)
SELECT
    c.golden_id AS golden_id,
    c.masked_name AS masked_name,
    c.company_name AS company_name,
    c.customer_type AS customer_type,
    c.country AS country,
    multiIf(
        p.last_day IS NULL, 'No transaction',
        p.last_day < {as_of:Date32} - 90, 'Churned',
        'Not Churned'
    ) AS churn_status,
    ifNull(p.last_day < {as_of:Date32} - 90, 0) AS is_churned,
    p.last_day AS last_transaction_on,
    toTimeZone(toDateTime64(p.last_day + 91, 0, {timezone:String}), 'UTC') AS crosses_at,
    ifNull(p.transactions, 0) AS transactions,
    ifNull(p.revenue, 0) AS revenue
FROM customer AS c
LEFT JOIN paid AS p ON p.golden_id = c.golden_id
