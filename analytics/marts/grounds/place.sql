/*
meaning: Stores, platforms, warehouses and territories as they are described on the day
views: [location.locations]
*/
SELECT location_id, name, location_type, channel_type, city, state, country, latitude, longitude
FROM location.locations
WHERE toDate32(toTimeZone(valid_from, {timezone:String})) <= {as_of:Date32}
ORDER BY valid_from DESC, seq DESC
LIMIT 1 BY location_id
