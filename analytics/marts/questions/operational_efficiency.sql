/*
question: How fast and how reliably are orders shipped and delivered, by month and carrier?
owner: sales
grain: a month of ordering and a shipping method
key: [month, shipping_method]
reads: [placed]
refresh: whole
notes: >-
  By the newest shipment of each order as known today. In time is delivered up to the promised moment; orders without a promise
  count in neither late nor in time. Orders that nothing was shipped of have the method that the customer asked for.
columns:
  month: First day of the month of the order
  shipping_method: Carrier or service; null where it is not known
  orders (orders): Orders placed
  shipped (orders): Orders that have left
  delivered (orders): Orders that have arrived
  cancelled (orders): Orders that were cancelled
  cancelled_rate (percent): Of the orders; two decimals
  days_to_ship (days): Mean time from order to leaving; two decimals; null where none has left
  days_to_deliver (days): Mean time from order to arrival; two decimals; null where none has arrived
  promised (orders): Delivered orders with a promise
  in_time (orders): Those delivered by then
  in_time_rate (percent): Of those with a promise; two decimals; null where there are none
  shipping_amount (reporting currency): What customers paid for shipping
*/
WITH timed AS (
    SELECT
        toStartOfMonth(day) AS month,
        placed.shipping_method AS shipping_method,
        is_cancelled,
        placed.shipped_at IS NOT NULL AND NOT is_cancelled AS is_shipped,
        placed.delivered_at IS NOT NULL AND NOT is_cancelled AS is_delivered,
        dateDiff('microsecond', ordered_at, placed.shipped_at) AS to_ship,
        dateDiff('microsecond', ordered_at, placed.delivered_at) AS to_deliver,
        is_delivered AND promised_at IS NOT NULL AS is_promised,
        is_promised AND placed.delivered_at <= promised_at AS is_in_time,
        placed.shipping_amount AS shipping_amount
    FROM placed
)
SELECT
    month,
    shipping_method,
    count() AS orders,
    countIf(is_shipped) AS shipped,
    countIf(is_delivered) AS delivered,
    countIf(is_cancelled) AS cancelled,
    toDecimal64(round(toDecimal256(cancelled, 8) * 100 / orders, 2), 2) AS cancelled_rate,
    toDecimal64(round(toDecimal256(sumIf(to_ship, is_shipped), 8) / nullIf(shipped, 0) / 86400000000, 2), 2) AS days_to_ship,
    toDecimal64(round(toDecimal256(sumIf(to_deliver, is_delivered), 8) / nullIf(delivered, 0) / 86400000000, 2), 2) AS days_to_deliver,
    countIf(is_promised) AS promised,
    countIf(is_in_time) AS in_time,
    toDecimal64(round(toDecimal256(in_time, 8) * 100 / nullIf(promised, 0), 2), 2) AS in_time_rate,
    sum(timed.shipping_amount) AS shipping_amount
FROM timed
GROUP BY month, shipping_method
