/*
meaning: Baskets, orders that were not cancelled, by two products that are in them, each pair once
reads: [kept_line]
sums: {facts: baskets}
*/
WITH basket AS (
    SELECT order_id, arraySort(groupUniqArray(product_id)) AS products
    FROM kept_line WHERE NOT is_cancelled
    GROUP BY order_id
),
paired AS (
    SELECT arrayJoin(arrayFlatten(arrayMap(
        (one, place) -> arrayMap(other -> (one, other), arraySlice(products, place + 1)), products, arrayEnumerate(products)
    ))) AS pair
    FROM basket
)
SELECT pair.1 AS product_id, pair.2 AS other_id, count() AS baskets FROM paired GROUP BY product_id, other_id
