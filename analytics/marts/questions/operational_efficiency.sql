/*
question: How fast and how reliably are orders shipped and delivered, by month and carrier?
owner: sales
grain: a month of ordering and a shipping method
key: [month, shipping_method]
reads: [month_shipments]
refresh: from sums
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
WITH summed AS (
    SELECT
        month,
        shipping_method,
        sum(o.orders) AS orders,
        sum(o.shipped) AS shipped,
        sum(o.delivered) AS delivered,
        sum(o.cancelled) AS cancelled,
        sum(o.to_ship) AS to_ship,
        sum(o.to_deliver) AS to_deliver,
        sum(o.promised) AS promised,
        sum(o.in_time) AS in_time,
        sum(o.shipping_amount) AS shipping_amount
    FROM month_shipments AS o
    GROUP BY month, shipping_method
)
SELECT
    month,
    shipping_method,
    toUInt64(orders) AS orders,
    toUInt64(shipped) AS shipped,
    toUInt64(delivered) AS delivered,
    toUInt64(cancelled) AS cancelled,
    toDecimal64(round(toDecimal256(cancelled, 8) * 100 / orders, 2), 2) AS cancelled_rate,
    toDecimal64(round(toDecimal256(to_ship, 8) / nullIf(shipped, 0) / 86400000000, 2), 2) AS days_to_ship,
    toDecimal64(round(toDecimal256(to_deliver, 8) / nullIf(delivered, 0) / 86400000000, 2), 2) AS days_to_deliver,
    toUInt64(promised) AS promised,
    toUInt64(in_time) AS in_time,
    toDecimal64(round(toDecimal256(in_time, 8) * 100 / nullIf(promised, 0), 2), 2) AS in_time_rate,
    shipping_amount
FROM summed
