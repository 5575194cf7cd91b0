/*
meaning: Closed months
views: [marts.closings]
*/
SELECT month, number, closed_at, closed_by FROM marts.closings
