/*
question: Which products earn the most and the least?
owner: product
grain: a product that was sold
key: [product_id]
reads: [product_lines, product_returns, product]
order: [best_rank]
refresh: from sums
notes: >-
  profit = net of what was neither cancelled nor returned, less its cost as of each order's time. Products never sold are
  in demand_summary. Rank 1 is the best, or the worst, of those whose cost is known; equal profits go by the product's id.
columns:
  product_id: Product
  name: Name as of the day
  category: Category as of the day
  subcategory: Subcategory as of the day
  units (units): Units ordered
  net (reporting currency): Lines after discount
  cancelled_units (units): Units of cancelled orders
  returned_units (units): Units that came back
  returned_amount (reporting currency): What was refunded for them
  net_kept (reporting currency): Net of what was neither cancelled nor returned
  cost_kept (reporting currency): Cost of those units; null where the cost of any is unknown
  profit (reporting currency): net_kept less cost_kept; null where that is unknown
  profit_rate (percent): Profit as a share of net_kept; two decimals, half away from zero; null where nothing was kept
  best_rank: 1 is the product with the most profit
  worst_rank: 1 is the product with the least profit
*/
WITH lines AS (
    SELECT
        product_id,
        max(product_name) AS sold_as,
        sum(l.units) AS units,
        sum(l.net) AS net,
        sum(l.cancelled_units) AS cancelled_units,
        sum(l.net_kept) AS net_kept,
        if(sum(l.unknown_costs) > 0, NULL, sum(l.cost_kept)) AS cost_kept
    FROM product_lines AS l
    GROUP BY product_id
),
sold AS (
    SELECT
        l.product_id AS product_id, l.sold_as AS sold_as, l.units AS units, l.net AS net, l.cancelled_units AS cancelled_units,
        ifNull(r.units, 0) AS returned_units,
        ifNull(r.amount, 0) AS returned_amount,
        l.net_kept - ifNull(r.amount_kept, 0) AS net_kept,
        l.cost_kept - ifNull(r.cost_kept, 0) AS cost_kept
    FROM lines AS l
    LEFT JOIN product_returns AS r ON r.product_id = l.product_id
),
judged AS (SELECT *, net_kept - cost_kept AS profit FROM sold)
SELECT
    j.product_id AS product_id,
    ifNull(p.name, j.sold_as) AS name,
    p.category AS category,
    p.subcategory AS subcategory,
    j.units AS units,
    j.net AS net,
    j.cancelled_units AS cancelled_units,
    j.returned_units AS returned_units,
    j.returned_amount AS returned_amount,
    j.net_kept AS net_kept,
    j.cost_kept AS cost_kept,
    j.profit AS profit,
    toDecimal64(round(toDecimal256(j.profit, 8) * 100 / nullIf(toDecimal256(j.net_kept, 8), 0), 2), 2)
        AS profit_rate,
    if(j.profit IS NULL, NULL, row_number() OVER (ORDER BY j.profit IS NULL, j.profit DESC, j.product_id)) AS best_rank,
    if(j.profit IS NULL, NULL, row_number() OVER (ORDER BY j.profit IS NULL, j.profit, j.product_id)) AS worst_rank
FROM judged AS j
LEFT JOIN product AS p ON p.product_id = j.product_id
