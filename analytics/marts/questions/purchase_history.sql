/*
question: What has a customer bought, when, where, and what became of it?
owner: sales
grain: an order line of a customer
key: [golden_id, order_id, line_number]
reads: [sale]
refresh: by customer
notes: Guests have no history. Status, carrier and delivery of an order are those of its newest shipment as known today.
columns:
  golden_id: Customer
  order_id: Order
  line_number: Number of the line
  ordered_at: Moment of the order
  channel: Channel
  product_id: Product
  product_name: Name as of the order
  product_category: Category as of the order
  units (units): Units ordered
  discount (reporting currency): Discount of the line
  net (reporting currency): The line after discount
  promotion_id: Promotion that gave the discount
  order_status: Placed, Shipped, Delivered or Cancelled; null while no shipment is known
  shipping_method: Carrier, or what the customer asked for
  delivered_at: Moment of delivery
  returned_units (units): Units that came back
  returned_amount (reporting currency): What was refunded for them
  net_kept (reporting currency): What is left of the line
*/
SELECT
    assumeNotNull(golden_id) AS golden_id, order_id, line_number, ordered_at, channel, product_id, product_name, product_category, units,
    discount, net, promotion_id, order_status, shipping_method, delivered_at, returned_units, returned_amount,
    kept_net AS net_kept
FROM sale
WHERE sale.golden_id IS NOT NULL
