/*
meaning: Campaigns that have begun by the day
views: [customer.campaigns]
*/
SELECT
    campaign_id, name, channel, promotion_id, budget_amount,
    toDate32(toTimeZone(starts_at, {timezone:String})) AS first_day,
    toDate32(toTimeZone(ends_at, {timezone:String})) AS last_day
FROM customer.campaigns
WHERE toDate32(toTimeZone(starts_at, {timezone:String})) <= {as_of:Date32}
