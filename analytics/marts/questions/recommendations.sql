/*
question: What should each customer be offered next?
owner: customer
grain: a customer and one of five places
key: [golden_id, place]
reads: [suggestion]
refresh: whole
notes: >-
  Of the models that a customer has not bought, the five of the greatest score: the sum, over the models that were bought, of
  customers with both / sqrt(customers with the one x customers with the other), each cut off after six decimals. Equal scores
  go by the customers who bought the model, then by its name. recommendation_quality tells how good that is.
columns:
  golden_id: Customer
  place: 1 is the first to offer
  item: Model, or the product where it has no model
  score: As above; six decimals
  customers (customers): Customers who bought it
*/
SELECT
    golden_id,
    affinity_rank AS place,
    item,
    toDecimal64(toDecimal128(suggestion.score, 6) / 1000000, 6) AS score,
    customers
FROM suggestion
WHERE cutoff = {as_of:Date32} AND affinity_rank <= 5
