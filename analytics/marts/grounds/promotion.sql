/*
meaning: Promotions that have begun by the day, as they are described then
views: [sales.promotions]
*/
SELECT
    promotion_id, name, promotion_type, promo_code, discount_rate,
    toDate32(toTimeZone(starts_at, {timezone:String})) AS first_day,
    toDate32(toTimeZone(ends_at, {timezone:String})) AS last_day
FROM sales.promotions
WHERE toDate32(toTimeZone(starts_at, {timezone:String})) <= {as_of:Date32}
ORDER BY valid_from DESC, seq DESC
LIMIT 1 BY promotion_id
