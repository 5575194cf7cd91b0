/*
question: Which forecast of sales has been the nearest so far?
owner: sales
grain: a method
key: [method]
reads: [sales_forecast]
order: [wape]
refresh: from marts
notes: >-
  Over the months that are over and that both methods could have forecast, each from the months before it. wape = sum of the absolute
  errors by the sum of what was sold; bias = sum of the errors by the same. Nearest is the method of the lesser wape.
columns:
  method: seasonal_naive, the baseline, or with_growth
  months (months): Months that are compared
  wape (percent): As above; two decimals, half away from zero; null without months
  bias (percent): As above; positive where too much was forecast
*/
WITH judged AS (
    SELECT
        count() AS months,
        sum(actual) AS sold,
        [sum(abs(naive_error)), sum(abs(growth_error))] AS wrong,
        [sum(naive_error), sum(growth_error)] AS leaning
    FROM sales_forecast
    WHERE NOT is_forecast AND naive_error IS NOT NULL AND growth_error IS NOT NULL
)
SELECT
    method,
    months,
    toDecimal64(round(toDecimal256(off, 8) * 100 / nullIf(toDecimal256(sold, 8), 0), 2), 2) AS wape,
    toDecimal64(round(toDecimal256(lean, 8) * 100 / nullIf(toDecimal256(sold, 8), 0), 2), 2) AS bias
FROM judged
ARRAY JOIN ['seasonal_naive', 'with_growth'] AS method, wrong AS off, leaning AS lean
