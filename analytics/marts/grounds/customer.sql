/*
meaning: >-
  Everybody known on the day, a row a golden customer, by the newest version of any of the accounts; who bought
  without a record is there with a golden id and nothing else. Guests are no customers
reads: [account_orders, account_payments]
views: [customer.customers, customer.crosswalk, customer.customer_360]
concerns:
  customer.customers: account
  customer.crosswalk: account
  customer.customer_360: golden_id
clear: {customer.customers_clear: [birth_date]}
moves: >-
  SELECT account FROM customer.customers_clear
  WHERE toDate32(toTimeZone(valid_from, {timezone:String})) > {was:Date32}
  OR age('year', toDate32OrNull(birth_date), {was:Date32}) != age('year', toDate32OrNull(birth_date), {as_of:Date32})
*/
WITH versions AS (
    SELECT
        ifNull(x.golden_id, c.account) AS customer_id,
        c.customer_type AS customer_type,
        c.first_name AS first_name,
        c.last_name AS last_name,
        c.company_name AS company_name,
        c.gender AS gender,
        c.city AS city,
        c.state AS state,
        c.country AS country,
        c.degree_of_loyalty AS degree_of_loyalty,
        c.registered_on AS registered_on,
        c.home_location_id AS home_location_id,
        c.marketing_consent AS marketing_consent,
        age('year', toDate32OrNull(b.birth_date), {as_of:Date32}) AS age
    FROM customer.customers AS c
    LEFT JOIN customer.customers_clear AS b
        ON b.account = c.account AND b.valid_from = c.valid_from
    LEFT JOIN customer.crosswalk AS x ON x.account = c.account
    WHERE toDate32(toTimeZone(c.valid_from, {timezone:String})) <= {as_of:Date32}
        AND NOT startsWith(c.account, 'guest:')
        AND {in_scope c.account}
        AND {in_scope b.account}
    ORDER BY c.valid_from DESC, c.seq DESC, c.account DESC
    LIMIT 1 BY customer_id
),
buyers AS (
    SELECT account FROM account_orders
    UNION DISTINCT
    SELECT account FROM account_payments
),
everybody AS (
    SELECT customer_id AS golden_id FROM versions
    UNION DISTINCT
    SELECT ifNull(x.golden_id, b.account) AS golden_id
    FROM buyers AS b
    LEFT JOIN customer.crosswalk AS x ON x.account = b.account
    WHERE NOT startsWith(b.account, 'guest:')
)
SELECT
    e.golden_id AS golden_id,
    v.customer_type AS customer_type,
    nullIf(trimBoth(concat(ifNull(v.first_name, ''), ' ', ifNull(v.last_name, ''))), '') AS masked_name,
    v.company_name AS company_name,
    v.age AS age,
    v.gender AS gender,
    v.city AS city,
    v.state AS state,
    v.country AS country,
    v.degree_of_loyalty AS degree_of_loyalty,
    v.registered_on AS registered_on,
    v.home_location_id AS home_location_id,
    v.marketing_consent AS marketing_consent
FROM everybody AS e
LEFT JOIN versions AS v ON v.customer_id = e.golden_id
