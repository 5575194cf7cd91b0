"""Three business questions that the warehouse answers at the end of the demonstration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question as people ask it, and its SQL over the views that everyone reads."""

    title: str
    sql: str


QUESTIONS = (
    Question(
        "Net sales by category and territory (the ten largest)",
        """
        SELECT product_category AS category, territory_name AS territory,
               sum(net) AS net, sum(margin) AS margin
        FROM sales.orders_enriched GROUP BY category, territory ORDER BY net DESC LIMIT 10
        """,
    ),
    Question(
        "Products with the best and the worst margin",
        """
        WITH products AS (
            SELECT product_name AS product, sum(quantity) AS units, sum(net) AS net, sum(margin) AS margin
            FROM sales.orders_enriched GROUP BY product
        )
        SELECT * FROM (SELECT 'best' AS which, * FROM products ORDER BY margin DESC LIMIT 5)
        UNION ALL
        SELECT * FROM (SELECT 'worst' AS which, * FROM products ORDER BY margin LIMIT 5)
        """,
    ),
    Question(
        "Customers by churn status (no transaction for more than 90 days), and what they were worth",
        """
        SELECT churn_status, count() AS customers, sum(net) AS net,
               round(avg(orders), 2) AS orders_each, max(last_transaction_at) AS last_transaction
        FROM customer.customer_360 GROUP BY churn_status ORDER BY customers DESC
        """,
    ),
)
