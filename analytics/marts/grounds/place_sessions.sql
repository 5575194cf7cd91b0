/*
meaning: Visits in numbers by month and platform
reads: [kept_session]
sums: {facts: visits}
*/
SELECT month, location_id, count() AS visits FROM kept_session GROUP BY month, location_id
