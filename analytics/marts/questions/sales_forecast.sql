/*
question: What will be sold in the next three months, and how near would such forecasts have been?
owner: sales
grain: a month that is over and has a year before it, or one of the next three
key: [month]
reads: [month_sold]
refresh: from sums
notes: >-
  Sales are the net of orders not cancelled. seasonal_naive, the baseline, is the same month of the year before. with_growth is
  that times the growth of the three months before the first month that is forecast on the same ones a year earlier; for a month that is
  over, the three months before itself. A month is forecast as soon as the one before it is over, so the first of the next three
  may have begun. Errors are forecast less actual. forecast_quality sums them up.
columns:
  month: First day of the month
  is_forecast: Whether it is not over
  actual (reporting currency): What was sold; null where it is not over
  seasonal_naive (reporting currency): The baseline; null where the month of the year before is not known
  with_growth (reporting currency): As above; four decimals; null where growth is not known
  naive_error (reporting currency): Of the baseline; null where it is not over
  growth_error (reporting currency): Of with_growth; null where it is not over
*/
WITH wanted AS (
    SELECT month, 0 AS is_forecast, month AS base FROM month_sold
    UNION ALL
    SELECT addMonths(last, arrayJoin([1, 2, 3])), 1, addMonths(last, 1)
    FROM (SELECT max(month) AS last, count() AS months FROM month_sold)
    WHERE months > 0
),
grown AS (
    SELECT
        w.month AS month,
        sumIf(m.net, m.month >= addMonths(w.base, -3) AND m.month < w.base) AS recent,
        sumIf(m.net, m.month >= addMonths(w.base, -15) AND m.month < addMonths(w.base, -12)) AS earlier,
        countIf(m.month >= addMonths(w.base, -15) AND m.month < addMonths(w.base, -12)) AS known
    FROM wanted AS w
    CROSS JOIN month_sold AS m
    GROUP BY month
),
forecast AS (
    SELECT
        w.month AS month, w.is_forecast AS is_forecast,
        if(w.is_forecast, NULL, a.net) AS actual,
        n.net AS seasonal_naive,
        if(g.known = 3 AND g.earlier > 0,
           toDecimal128(round(toDecimal256(n.net, 8) * toDecimal256(g.recent, 8) / toDecimal256(if(g.earlier > 0, g.earlier, 1), 8), 4), 4), NULL) AS with_growth
    FROM wanted AS w
    LEFT JOIN month_sold AS a ON a.month = w.month
    LEFT JOIN month_sold AS n ON n.month = addMonths(w.month, -12)
    LEFT JOIN grown AS g ON g.month = w.month
)
SELECT
    month, is_forecast, actual, seasonal_naive, with_growth,
    seasonal_naive - actual AS naive_error,
    with_growth - actual AS growth_error
FROM forecast
WHERE is_forecast OR seasonal_naive IS NOT NULL
