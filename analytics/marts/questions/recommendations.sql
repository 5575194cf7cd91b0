/*
question: What should each customer be offered next?
owner: customer
grain: a customer and one of five places
key: [golden_id, place]
reads: [suggestion, model_rank]
refresh: whole
every: day
notes: >-
  Of the models that a customer has not bought, the five of the greatest score: the sum, over the models that were bought, of
  customers with both / sqrt(customers with the one x customers with the other), each cut off after six decimals. Equal scores
  go by the customers who bought the model, then by its name. Looked at are the 2,048 models that most customers bought.
  recommendation_quality tells how good that is.
  Worked out whole: a model that one customer buys moves the scores of all who have bought the same. So it is worked out once a
  day: a refresh of all marts leaves it as it stands until the day has moved, and one that names it does not.
columns:
  golden_id: Customer
  place: 1 is the first to offer
  item: Model, or the product where it has no model
  score: As above; six decimals
  customers (customers): Customers who bought it
*/
SELECT
    s.golden_id AS golden_id,
    s.place AS place,
    m.item AS item,
    toDecimal64(toDecimal128(s.offer.1, 6) / 1000000, 6) AS score,
    m.customers AS customers
FROM (
    SELECT cutoff, golden_id, offer, place FROM suggestion
    ARRAY JOIN affinity AS offer, arrayEnumerate(affinity) AS place
    WHERE cutoff = {as_of:Date32}
) AS s
INNER JOIN model_rank AS m ON m.cutoff = s.cutoff AND m.rank = s.offer.2
