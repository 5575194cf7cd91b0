/*
meaning: Counts of people who came into a store, up to the day
views: [location.arrivals]
*/
SELECT location_id, toDate32(toTimeZone(counted_from, {timezone:String})) AS day, visitors
FROM location.arrivals
WHERE toDate32(toTimeZone(counted_from, {timezone:String})) <= {as_of:Date32}
