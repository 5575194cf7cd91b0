"""Kept measures on the real engine: whatever is corrected, they are those of the facts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from typer.testing import CliRunner, Result

from analytics.semantic.answer import answer
from analytics.semantic.keeping import Keeper
from analytics.semantic.kept_log import fresh
from analytics.semantic.model import Kept
from analytics.semantic.pieces import kept_tables, view
from analytics.semantic.query import compile_question
from analytics.semantic.question import ask
from mesh.cli.main import app
from mesh.kernel.settings import Settings
from mesh.provisioning.change import Action
from mesh.provisioning.views import Views
from tests.unit.analytics.semantic.world import MESH, MODEL, Row, empty_warehouse, fill, trade

pytestmark = pytest.mark.real
MOMENT = datetime(2026, 11, 28, tzinfo=UTC)
TABLES = kept_tables(MODEL, "UTC")
SIZE = 20
WORLD = trade(seed=23)


class Keeping:
    """A warehouse with a small trade, and its kept measures."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.keeper = Keeper(client, MODEL, MESH, "UTC", size=SIZE)
        self.offset = 0
        self.now = MOMENT

    def refresh(self) -> dict[str, int]:
        """Pieces that were worked out, by table; a second after the last refresh."""
        self.now += timedelta(seconds=1)
        return {name: self.keeper.refresh(name, self.now).pieces for name in TABLES}

    def land(self, table: str, row: Row) -> None:
        """Let a record land after all others."""
        self.offset += 1
        fill(self.client, {table: [{**row, "_offset": self.offset}]})

    def require_equal(self, *, each: bool = False) -> None:
        """Every kept measure, by all dimensions together, by none and by ``each``, is that of the facts."""
        for kept in MODEL.kept:
            for by in (kept.by, (), *([(name,) for name in kept.by] if each else [])):
                question = ask(MODEL, kept.measures, by)
                asked = compile_question(MODEL, question, "UTC", tables={kept.name: TABLES[kept.name]})
                assert "sales." not in asked.sql
                found = answer(self.client, MODEL, question, "UTC", {kept.name: TABLES[kept.name]})
                plain = answer(self.client, MODEL, question, "UTC")
                assert ordered(found.rows) == ordered(plain.rows), (kept.name, by)


def ordered(rows: Any) -> list[Any]:
    """Rows in an order of their own."""
    return sorted((tuple(row) for row in rows), key=repr)


def test_an_empty_warehouse_is_kept_too_and_what_lands_then(tmp_path: Path) -> None:
    """The scheduler does so a minute after the first start, before any trade."""
    server = empty_warehouse(tmp_path / "path")
    client = clickhouse_connect.get_client(port=server.port)
    try:
        keeping = Keeping(client)
        assert set(keeping.refresh().values()) == {1}
        assert set(keeping.refresh().values()) == {0}
        fill(client, WORLD)
        assert min(keeping.refresh().values()) > 1
        keeping.require_equal()
    finally:
        client.close()
        server.stop()


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeping]:
    """A warehouse whose kept measures were worked out once."""
    server = empty_warehouse(tmp_path_factory.mktemp("keeping") / "path")
    client = clickhouse_connect.get_client(port=server.port)
    try:
        fill(client, WORLD)
        keeping = Keeping(client)
        keeping.refresh()
        yield keeping
    finally:
        client.close()
        server.stop()


def order(place: int) -> Row:
    """An order that has lines and an account."""
    found = [row for row in WORLD["sales.orders"] if row["lines"] and row["account"][0] == "a"]
    return found[place]


def revised(row: Row, **changes: Any) -> Row:
    """The next revision of a record."""
    return {**row, "seq": row["seq"] + 1, **changes}


def test_they_are_the_measures_of_the_facts(keeping: Keeping) -> None:
    """In pieces of twenty orders, by every dimension."""
    keeping.require_equal(each=True)
    kept: Kept = MODEL.kept[0]
    pieces = keeping.client.query(f"SELECT uniqExact(piece) FROM {TABLES[kept.name]}").result_rows[0][0]
    assert pieces > 2


def test_nothing_is_worked_out_where_nothing_has_landed(keeping: Keeping) -> None:
    """A refresh then costs a look at how far the tables have landed."""
    assert set(keeping.refresh().values()) == {0}


def test_a_look_without_news_asks_for_no_rows(keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    """How far tables have landed, the clock and the last refresh: that is all."""
    asked: list[str] = []
    query = keeping.client.query

    def noted(sql: str, *arguments: Any, **named: Any) -> Any:
        asked.append(sql)
        return query(sql, *arguments, **named)

    monkeypatch.setattr(keeping.client, "query", noted)
    keeping.refresh()
    looked = ("max(_offset)", "model.clock", "model.kept_refreshes", "system.tables")
    assert [sql for sql in asked if not any(one in sql for one in looked)] == []


def test_views_of_names_that_stay_lead_to_the_tables(keeping: Keeping) -> None:
    """With what they are; counts and sums add up, and the number of the piece is not there."""
    for kept in MODEL.kept:
        (comment,) = keeping.client.query(
            "SELECT comment FROM system.tables WHERE database = 'model' AND name = {name:String}",
            {"name": f"kept_{kept.name}"},
        ).result_rows[0]
        assert comment.startswith(kept.description)
        found = keeping.client.query(f"DESCRIBE {view(kept)}").result_rows
        assert [row[0] for row in found][: len(kept.by)] == list(kept.by)
    by_view = keeping.client.query(
        "SELECT country, sum(total_revenue), sum(total_transactions) "
        f"FROM {view(MODEL.kept[0])} GROUP BY country"
    ).result_rows
    question = ask(MODEL, ["total_revenue", "total_transactions"], ["country"])
    assert ordered(by_view) == ordered(answer(keeping.client, MODEL, question, "UTC").rows)


def test_a_plan_does_not_wonder_at_these_views(keeping: Keeping) -> None:
    """They are nobody's leavings; one that is kept no longer is."""
    settings = Settings(warehouse=keeping.client.url)
    assert Views(settings, MESH).changes() == []
    keeping.client.command("CREATE VIEW model.kept_toys AS SELECT 1 AS toys")
    (unused,) = Views(settings, MESH).changes()
    keeping.client.command("DROP VIEW model.kept_toys")
    assert (unused.name, unused.action) == ("model.kept_toys", Action.UNUSED)


def test_another_definition_takes_the_view_along(keeping: Keeping) -> None:
    """Once its table is whole; the table of the old one is gone then, and the old one can come back."""
    first, *others = MODEL.kept
    fewer = replace(MODEL, kept=(replace(first, by=first.by[:2]), *others))
    for model in (fewer, MODEL):
        Keeper(keeping.client, model, MESH, "UTC", size=SIZE).refresh(first.name, keeping.now)
        tables = keeping.client.query(f"SHOW TABLES FROM model LIKE 'kept_{first.name}%'").result_rows
        names = {f"model.{name}" for (name,) in tables}
        assert names == {view(first), kept_tables(model, "UTC")[first.name]}
        shown = keeping.client.query(f"DESCRIBE {view(first)}").result_rows
        assert ("payment_method" in [row[0] for row in shown]) is (model is MODEL)
    keeping.require_equal()


def test_a_corrected_payment_works_out_one_piece(keeping: Keeping) -> None:
    """Of the tables that payments are in."""
    payment = WORLD["sales.transactions"][5]
    keeping.land("sales.transactions", revised(payment, amount="77.7777", payment_method="Cash"))
    done = keeping.refresh()
    assert (done["payments"], done["products_sold"], done["orders"]) == (1, 1, 0)
    keeping.require_equal()


def test_an_order_that_moves_leaves_no_trace(keeping: Keeping) -> None:
    """To another month, place and account, with other lines; its payments and shipments go with it."""
    first = order(3)
    line = {**first["lines"][0], "quantity": 9, "product_id": "p3"}
    moved = revised(
        first,
        ordered_at="2023-01-05 00:00:00",
        location_id="web",
        account="a7",
        lines=[line],
        total_amount="1",
    )
    keeping.land("sales.orders", moved)
    assert 0 < keeping.refresh()["orders"] <= 2
    keeping.require_equal()


def test_a_shipment_and_a_return_reach_their_order(keeping: Keeping) -> None:
    """What was delivered, and what came back."""
    one = order(9)
    same = {name: one[name] for name in ("order_id", "account", "fx_rate")}
    shipment = {
        **same,
        "seq": 1,
        "fulfilment_id": "late",
        "order_status": "Delivered",
        "shipping_method": "UPS",
    }
    days = {"updated_at": "2024-09-01 00:00:00", "delivered_at": "2024-09-01 00:00:00"}
    keeping.land("sales.fulfilments", {**shipment, **days, "occurred_at": "2024-09-01 00:00:00"})
    back = {"return_id": "r1", "line_number": 1, "quantity": 1, "amount": "3.5", "reason": "Too small"}
    moments = {"returned_at": "2024-09-02 00:00:00", "occurred_at": "2024-09-02 00:00:00"}
    keeping.land("sales.returns", {**same, **back, **moments, "seq": 1})
    done = keeping.refresh()
    assert (done["orders"], done["returns"], done["payments"]) == (1, 1, 0)
    keeping.require_equal()
    keeping.land("sales.returns", {**same, **back, **moments, "seq": 2, "quantity": 0})
    keeping.refresh()
    keeping.require_equal()


def test_a_customer_who_moves_takes_the_orders_along(keeping: Keeping) -> None:
    """A new version works out the pieces with orders of that customer; a corrected one may be anybody's."""
    known = next(row for row in WORLD["customer.customers"] if row["account"] == "a9")
    keeping.land(
        "customer.customers", {**known, "seq": 0, "valid_from": "2023-06-01 00:00:00", "country": "Laos"}
    )
    keeping.refresh()
    keeping.require_equal()
    keeping.land("customer.customers", revised(known, country="Mali", valid_from="2023-06-02 00:00:00"))
    keeping.refresh()
    keeping.require_equal()


def test_a_merge_and_its_undoing_move_the_orders(keeping: Keeping) -> None:
    """Of the account that goes to another customer, and back."""
    known = next(row for row in WORLD["customer.customers"] if row["account"] == "a0")
    for seq, golden in ((5, "g8"), (6, known["golden_id"])):
        keeping.land("customer.crosswalk", {"account": "a0", "golden_id": golden, "seq": seq})
        keeping.land("customer.customers", {**known, "golden_id": golden, "seq": seq})
        keeping.refresh()
        keeping.require_equal()


def test_a_place_and_a_product_that_change_take_their_past_along(keeping: Keeping) -> None:
    """Dimensions are as of now, not as of each order."""
    shop = next(row for row in WORLD["location.locations"] if row["location_id"] == "shop")
    keeping.land(
        "location.locations", {**shop, "valid_from": "2024-01-01 00:00:00", "channel_type": "Outlet"}
    )
    product = WORLD["product.products"][1]
    keeping.land("product.products", {**product, "valid_from": "2024-06-01 00:00:00", "category": "Gloves"})
    keeping.refresh()
    keeping.require_equal()


def test_a_version_holds_once_the_clock_has_reached_it(keeping: Keeping) -> None:
    """It landed before; nothing of it lands again."""
    shop = next(row for row in WORLD["location.locations"] if row["location_id"] == "web")
    keeping.land("location.locations", {**shop, "valid_from": "2025-01-01 00:00:00", "channel_type": "App"})
    keeping.refresh()
    keeping.require_equal()
    later = {**order(1), "order_id": "z1", "ordered_at": "2025-02-01 00:00:00", "seq": 1, "lines": []}
    keeping.land("sales.orders", {**later, "occurred_at": "2025-02-01 00:00:00"})
    keeping.refresh()
    keeping.require_equal()


def test_new_orders_make_new_pieces(keeping: Keeping) -> None:
    """The last piece is divided when it has twice as many as a piece should have."""
    before = keeping.client.query("SELECT uniqExact(number) FROM model.kept_pieces").result_rows[0][0]
    for number in range(3 * SIZE):
        new = {**order(number % 9), "order_id": f"zz{number:03}", "occurred_at": "2025-02-02 00:00:00"}
        keeping.land("sales.orders", {**new, "ordered_at": "2025-02-02 00:00:00"})
    keeping.refresh()
    after = keeping.client.query("SELECT uniqExact(number) FROM model.kept_pieces").result_rows[0][0]
    assert after > before
    keeping.require_equal()


def test_only_what_is_fresh_enough_answers(keeping: Keeping) -> None:
    """By when the refresh began; an answer of an earlier day is never a kept one."""
    assert fresh(keeping.client, TABLES, keeping.now).keys() == TABLES.keys()
    assert fresh(keeping.client, TABLES, keeping.now + timedelta(seconds=1)) == {}
    then = ask(MODEL, ["total_revenue"], ["channel_type"], as_of="2024-03-01")
    assert "kept_" not in compile_question(MODEL, then, "UTC", tables=TABLES).sql


def test_the_command_prints_what_it_would_ask_and_says_what_is_not_there(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Kept measures within the time, else the facts; the exit code tells nothing of an empty answer."""
    for name, value in (
        ("MESH_WAREHOUSE", keeping.client.url),
        ("MESH_HOME", str(tmp_path)),
        ("MESH_DOMAINS", ""),
    ):
        monkeypatch.setenv(name, value)

    def said(*words: str) -> Result:
        done = CliRunner().invoke(app, ["measure", "total_revenue", "--by", "country", *words])
        assert done.exit_code == 0, done.exception
        return done

    long, short = ("--within", "10000000000"), ("--within", "0.000001")
    assert TABLES["payments"] in said("--sql", *long).stdout
    assert TABLES["payments"] in json.loads(said("--sql", "--json", *long).stdout)["sql"]
    for words in (("--sql",), ("--sql", *short), ("--sql", "--as-of", "2024-03-01", *long)):
        assert "sales.transactions" in said(*words).stdout
    for words in ((), ("--json",), long):
        nothing = said("--where", "country = 'chile'", *words)
        assert "country is never 'chile'; it is 'Chile'" in nothing.stderr
        assert nothing.stderr.count("\n") == 1
    assert said("--where", "country = 'Chile'").stderr == ""


@pytest.mark.parametrize(
    ("measures", "by", "where"),
    [
        ("total_revenue", "product_category", "channel_type = 'Outlet'"),
        ("total_revenue average_transaction_amount", "country", "country in ('Chile', 'Peru')"),
        ("total_revenue total_orders total_customers", "", ""),
        ("returned_units_each", "channel_type", ""),
        ("total_revenue", "customer.gender", ""),
    ],
)
def test_questions_mix_kept_and_other_measures(keeping: Keeping, measures: str, by: str, where: str) -> None:
    """What no kept table has is taken from the facts, in the same answer."""
    question = ask(MODEL, measures.split(), by.split(), where)
    found = answer(keeping.client, MODEL, question, "UTC", TABLES)
    assert ordered(found.rows) == ordered(answer(keeping.client, MODEL, question, "UTC").rows)
