"""Answers on the real engine equal SQL written by hand, whatever joins would multiply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from analytics.semantic.answer import Answer, answer
from analytics.semantic.kept_log import refreshes
from analytics.semantic.question import ask
from analytics.semantic.values import without
from mesh.kernel.errors import MeasureError
from tests.unit.analytics.semantic.world import MODEL, Row, empty_warehouse, fill, trade

pytestmark = pytest.mark.real
WORLD = trade(seed=11)
SETTINGS = {"join_use_nulls": 1}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A warehouse with the small trade."""
    server = empty_warehouse(tmp_path_factory.mktemp("semantic") / "path")
    opened = clickhouse_connect.get_client(port=server.port)
    fill(opened, WORLD)
    yield opened
    opened.close()
    server.stop()


def asked(client: Client, measures: str, by: str = "", where: str = "", as_of: str = "") -> Answer:
    """The answer to a question in words."""
    return answer(client, MODEL, ask(MODEL, measures.split(), by.split(), where, as_of), "UTC")


def rows(client: Client, measures: str, by: str = "", where: str = "", as_of: str = "") -> list[Any]:
    """Its rows."""
    return [tuple(row) for row in asked(client, measures, by, where, as_of).rows]


def by_hand(client: Client, sql: str) -> list[Any]:
    """The rows of a statement."""
    return [tuple(row) for row in client.query(sql, settings=SETTINGS).result_rows]


PAID = "toDecimal64(round(toDecimal256(t.amount, 4) * t.fx_rate, 4), 4)"
NEWEST = """(SELECT product_id, category, list_price, unit_cost FROM product.products
             WHERE (product_id, valid_from) IN (SELECT product_id, max(valid_from) FROM product.products
                                                GROUP BY product_id))"""


def test_many_to_one_counts_each_transaction_once(client: Client) -> None:
    """Revenue by a dimension of the order's channel; the channel of some is unknown."""
    expected = by_hand(
        client,
        f"""SELECT c.channel_type, sum({PAID}) AS revenue, count() AS n
            FROM sales.transactions t JOIN sales.orders o ON o.order_id = t.order_id
            LEFT JOIN location.locations c ON c.location_id = o.location_id
            GROUP BY 1 ORDER BY 1""",
    )
    assert rows(client, "total_revenue total_transactions", "channel_type") == expected
    assert len(expected) == 3


def test_one_to_many_counts_each_customer_once_a_group(client: Client) -> None:
    """Whatever number of orders and lines leads there; customers who bought nothing are a group too."""
    expected = by_hand(
        client,
        f"""SELECT category, count(DISTINCT golden_id) FROM (
                SELECT g.golden_id AS golden_id, p.category AS category
                FROM (SELECT DISTINCT golden_id FROM customer.customers) g
                LEFT JOIN (SELECT x.golden_id AS golden_id, product_id
                           FROM customer.crosswalk x
                           JOIN sales.orders_enriched l ON l.account = x.account
                          ) b ON b.golden_id = g.golden_id
                LEFT JOIN {NEWEST} p ON p.product_id = b.product_id
            ) GROUP BY category ORDER BY category""",
    )
    found = asked(client, "total_customers", "product_category")
    assert [tuple(row) for row in found.rows] == expected
    assert found.query.repeats == ("total_customers",)


def test_measures_of_many_entities_do_not_multiply_each_other(client: Client) -> None:
    """In one question, each as if it had been asked alone."""
    names = "total_revenue total_orders total_products total_units total_customers average_age total_stores"
    together = rows(client, names, "payment_method")
    for place, name in enumerate(names.split(), 1):
        alone = dict(rows(client, name, "payment_method"))
        for row in together:
            nothing = None if name == "average_age" else 0
            assert row[place] == alone.get(row[0], nothing), (name, row)
    (total,) = rows(client, names)
    assert total == tuple(rows(client, name)[0][0] for name in names.split())
    assert total[2] == 9
    assert total[1] == len(WORLD["sales.orders"])


def test_a_mean_is_of_rows_and_not_of_joined_rows(client: Client) -> None:
    """A customer of ten orders is no older for them."""
    expected = by_hand(
        client,
        """SELECT toDecimal128(round(toDecimal256(sum(age), 8) / count(age), 4), 4) FROM (
               SELECT golden_id, age('year', toDate32OrNull(argMax(tuple(birth_date), account).1),
                                     toDate32('2024-07-02')) AS age
               FROM customer.customers_clear WHERE golden_id IN (
                   SELECT x.golden_id FROM sales.orders o JOIN customer.crosswalk x ON x.account = o.account
                   WHERE o.location_id = 'web')
               GROUP BY golden_id)""",
    )
    assert rows(client, "average_age", where="channel_type = 'Online'", as_of="2024-07-02") == expected


def divided(amount: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Shares by the largest remainder, in exact fractions."""
    if not weights:
        return [amount]
    weights = weights if sum(weights) else [Decimal(1)] * len(weights)
    exact = [Fraction(amount) * 10_000 * Fraction(weight) / Fraction(sum(weights)) for weight in weights]
    parts = [int(share) for share in exact]
    by_rest = sorted(range(len(exact)), key=lambda n: (parts[n] - exact[n], n))
    for n in by_rest[: int(amount * 10_000) - sum(parts)]:
        parts[n] += 1
    return [Decimal(part) / 10_000 for part in parts]


def in_reporting_currency(amount: Any, row: Row) -> Decimal:
    """As the contracts round it."""
    return (Decimal(amount) * Decimal(row["fx_rate"])).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def test_shares_are_those_of_the_largest_remainders(client: Client) -> None:
    """Every line's, to the last ten-thousandth; what is paid for an order without lines stays whole."""
    orders = {row["order_id"]: row for row in WORLD["sales.orders"]}
    expected: dict[tuple[str, int | None], Decimal] = {}
    for payment in WORLD["sales.transactions"]:
        lines = orders[payment["order_id"]]["lines"]
        shares = divided(
            in_reporting_currency(payment["amount"], payment), [line["net_amount"] for line in lines]
        )
        numbers = [line["line_number"] for line in lines] or [None]
        expected |= {(payment["transaction_id"], n): share for n, share in zip(numbers, shares, strict=True)}
    found = client.query("SELECT transaction_id, line_number, amount_share FROM model.transaction_share")
    assert {(one, number): share for one, number, share in found.result_rows} == expected


@pytest.mark.parametrize(
    "measure", ["total_revenue", "total_shipping_amount", "total_order_amount", "total_discounted_amount"]
)
def test_sums_by_product_add_up_to_the_whole(client: Client, measure: str) -> None:
    """Nothing is lost or counted twice, whatever is asked beside the product."""
    ((total,),) = rows(client, measure)
    assert total > 0
    for by in ("product_name", "product_category channel_type", "product.gender age_group"):
        assert sum(row[-1] for row in rows(client, measure, by)) == total


def test_a_discount_by_product_is_that_of_its_lines(client: Client) -> None:
    """Not the order's in proportion."""
    category = {row["product_id"]: row["category"] for row in WORLD["product.products"]}
    expected: dict[str | None, Decimal] = defaultdict(Decimal)
    for line in WORLD["sales.orders_enriched"]:
        gross = in_reporting_currency(line["gross_amount"], line)
        expected[category.get(line["product_id"])] += gross - in_reporting_currency(line["net_amount"], line)
    assert dict(rows(client, "total_discounted_amount", "product_category")) == dict(expected)


def test_a_condition_on_the_many_side_takes_the_parts_that_meet_it(client: Client) -> None:
    """Revenue of hats is the hats' share; customers of hats are those who bought any."""
    by_category = {
        row[0]: row[1:] for row in rows(client, "total_revenue total_customers", "product_category")
    }
    assert rows(client, "total_revenue total_customers", where="product_category = 'Hats'") == [
        by_category["Hats"]
    ]


def test_shares_of_orders_are_in_percent(client: Client) -> None:
    """The newest shipment says what became of an order; orders without any count too."""
    newest: dict[str, Row] = {}
    for row in sorted(WORLD["sales.fulfilments"], key=lambda row: (row["updated_at"], row["fulfilment_id"])):
        newest[row["order_id"]] = row
    orders = len(WORLD["sales.orders"])
    ups = sum(r["shipping_method"] == "UPS" and r["order_status"] == "Delivered" for r in newest.values())
    cancelled = sum(row["order_status"] == "Cancelled" for row in newest.values())
    expected = [
        (Decimal(100 * n) / orders).quantize(Decimal("0.0001"), ROUND_HALF_UP) for n in (ups, cancelled)
    ]
    assert 0 < ups < orders
    assert rows(client, "ups_delivered_percentage canceled_order_percentage") == [tuple(expected)]


def test_a_value_is_only_ever_a_value(client: Client) -> None:
    """Quotes, braces and statements in a text are compared, and nothing else."""
    for text in ("'' OR 1 = 1 --", "{p1:String}", "\\'' OR 1", "x''; DROP TABLE sales.orders_v1; --"):
        assert rows(client, "total_customers", where=f"country = '{text}'") == [(0,)]


@pytest.mark.parametrize(
    "where",
    [
        "transaction_year = 2024",
        "transaction_amount > 12.5",
        "discount_percentage >= 0.5 or discount_percentage is null",
        "transaction_date between '2024-02-01' and '2024-03-31'",
        "transaction_at < '2024-03-01 12:00:00'",
        "discount_applied = true",
        "country in ('Chile', 'Peru') and not age_group is null",
        "country not like 'C%'",
        "shipping_cost_category = 'Low Cost Shipping'",
        "order_status != 'Cancelled'",
        "home_store.channel_type = 'In-Store'",
    ],
)
def test_a_condition_and_its_contrary_part_the_whole(client: Client, where: str) -> None:
    """Every kind of value and comparison is understood by the engine; what is unknown meets neither."""
    ((total,),) = rows(client, "total_transactions")
    ((some,),) = rows(client, "total_transactions", where=where)
    ((others,),) = rows(client, "total_transactions", where=f"not ({where})")
    assert 0 < some <= some + others <= total


def test_a_customer_is_of_the_segment_learned_last(client: Client) -> None:
    """Of two accounts too; who is in none is counted under nothing."""
    golden = {row["account"]: row["golden_id"] for row in WORLD["customer.crosswalk"]}
    learned = {row["customer_id"]: row["segment"] for row in WORLD["customer.segments"]}
    expected: dict[str | None, int] = defaultdict(int)
    for payment in WORLD["sales.transactions"]:
        expected[learned.get(golden.get(payment["account"], ""))] += 1
    assert expected.keys() == {"Devoted", "Occasional", None}
    assert dict(rows(client, "total_transactions", "segment")) == expected


def test_as_of_leaves_out_what_came_later(client: Client) -> None:
    """Facts by their time, versions by their start, ages on that day."""
    expected = by_hand(
        client,
        f"SELECT sum({PAID}) FROM sales.transactions t WHERE transaction_at < toDateTime64('2024-03-16', 6)",
    )
    assert rows(client, "total_revenue", as_of="2024-03-15") == expected
    before, after = (rows(client, "average_price", as_of=f"2024-0{month}-15")[0][0] for month in (2, 4))
    assert (before, after) == (Decimal(104), Decimal(124))
    days = ("2024-06-29", "2024-06-30")
    ages = {day: dict(rows(client, "total_customers", "age", as_of=day)) for day in days}
    assert 33 in ages["2024-06-29"]
    assert 33 not in ages["2024-06-30"]
    assert ages["2024-06-30"][34] == ages["2024-06-29"][33]


def test_the_month_of_the_day_asked_for_is_the_current_one(client: Client) -> None:
    """And the one before it the previous, in January too."""
    by_month = dict(rows(client, "total_revenue", "transaction_month"))
    found = rows(client, "monthly_revenue_curr monthly_revenue_prev", as_of="2024-04-30")
    assert found == [(by_month["2024-04"], by_month["2024-03"])]
    assert rows(client, "monthly_revenue_prev", as_of="2024-01-31") == [(0,)]


def test_an_as_of_before_every_fact_says_so(client: Client) -> None:
    """With the first day that there is."""
    with pytest.raises(MeasureError, match=r"as-of-too-early.*the first fact is of 2024-01-"):
        asked(client, "total_revenue", as_of="2023-12-31")


def test_personal_texts_are_masked_and_an_age_is_not(client: Client) -> None:
    """Also where both come of one row."""
    found = rows(client, "total_customers", "full_name birth_date age")
    assert {row[0] for row in found} == {"A. R."}
    assert {row[1] for row in found} <= {"•••", None}
    assert {row[2] for row in found} == {64, 34, 14, None}


def test_every_view_of_the_model_can_be_read(client: Client) -> None:
    """An entity's has a row for each of its keys."""
    for name in MODEL.entities:
        assert by_hand(client, f"SELECT * FROM model.`{name}`"), name
    for saved in MODEL.saved:
        assert by_hand(client, f"SELECT * FROM model.{saved.name}"), saved.name
    counted = {"transaction": "transactions", "order": "orders", "order_line": "orders_enriched"}
    for name, table in counted.items():
        found = by_hand(client, f"SELECT count() FROM (SELECT * FROM model.`{name}`)")
        assert found == [(len(WORLD[f"sales.{table}"]),)]
    ((people,),) = by_hand(client, "SELECT count() FROM (SELECT * FROM model.customer)")
    assert people == len({row["golden_id"] for row in WORLD["customer.customers"]})


@pytest.mark.parametrize(
    ("where", "as_of", "said"),
    [
        ("country = 'chile'", "", "country is never 'chile'; it is 'Chile' or 'Peru'"),
        ("country in ('Peru', 'CL') and city = 'x'", "", "country is never 'CL'; it is 'Chile' or 'Peru'"),
        ("transaction_year = 2023", "", "transaction_year is never 2023; it is 2024"),
        (
            "home_store.channel_type = 'Web'",
            "",
            "home_store.channel_type is never 'Web'; it is '",
        ),
        ("order_id = 'none'", "", "order_id is never 'none'; it is "),
        ("country = 'Chile' and channel_type = 'Online' and transaction_year < 2020", "", ""),
        ("transaction_year < 2020", "", ""),
        ("transaction_date = '2024-06-01'", "2024-02-01", "transaction_date is never '2024-06-01'; it is "),
    ],
)
def test_a_value_that_is_not_there_is_told_with_those_that_are(
    client: Client, where: str, as_of: str, said: str
) -> None:
    """The first one of an empty answer; nothing where each is there, only not together."""
    question = ask(MODEL, ["total_revenue"], ["channel_type"], where, as_of)
    assert answer(client, MODEL, question, "UTC").is_empty
    told = without(client, MODEL, question, "UTC")
    assert told.startswith(said)
    assert bool(told) == bool(said)
    assert "\n" not in told


def test_nothing_is_kept_before_the_first_refresh(client: Client) -> None:
    """Whoever asks for kept measures then is answered from the facts."""
    assert refreshes(client) == {}
