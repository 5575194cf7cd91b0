"""Kept grounds on the real engine: sums that facts change one by one are those of all facts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import clickhouse_connect
import pytest

from analytics.marts import kept
from analytics.marts.asking import standing
from analytics.marts.day import span
from analytics.marts.refresh import Refresh
from analytics.marts.relation import Library
from tests.unit.analytics.marts.going import LIBRARY, NOW, ZONE, Trade
from tests.unit.analytics.semantic.world import MESH, empty_warehouse

pytestmark = pytest.mark.real
MARTS = [mart for mart in LIBRARY.marts.values() if mart.from_sums or mart.from_marts]
NAMES = [mart.name for mart in MARTS]
PERIODS = LIBRARY.mart("sales_by_period")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trade]:
    """A warehouse with promotions and targets too. What a test does to it stays: all of it must be right."""
    server = empty_warehouse(tmp_path_factory.mktemp("kept") / "path")
    try:
        world = Trade(clickhouse_connect.get_client(port=server.port), MARTS)
        sale = {
            "promotion_id": "sale",
            "valid_from": "2024-01-01 00:00:00",
            "starts_at": "2024-03-01 00:00:00",
        }
        world.land("sales.promotions", {**sale, "seq": 1})
        for month in range(1, 6):
            target = {"target_id": f"t{month}", "employee_id": "e1", "target_amount": 100, "seq": 1}
            period = {"period_from": f"2024-0{month}-01", "period_to": f"2024-0{month + 1}-15"}
            world.land("employee.sales_targets", {**target, **period})
        yield world
        world.client.close()
    finally:
        server.stop()


@pytest.fixture
def world(warehouse: Trade) -> Trade:
    """The warehouse, up to date."""
    warehouse.refresh()
    return warehouse


@pytest.mark.parametrize("seed", range(3))
def test_any_changes_are_as_if_all_had_been_worked_out(world: Trade, seed: int) -> None:
    """Whatever is corrected, withdrawn, late, merged or moved to another order, day, product or channel."""
    chance = random.Random(seed)
    for step in range(3):
        for _ in range(chance.randrange(2, 9)):
            change(world, chance, step)
        world.refresh()
        world.require_as_of_facts()
    world.require_as_worked_out_whole()
    world.require_as_of_facts()


def change(world: Trade, chance: random.Random, step: int) -> None:
    """Something that happens to facts."""
    moment = f"2024-0{chance.randrange(1, 8)}-1{chance.randrange(10)} 10:00:00"
    order = chance.randrange(len(world.rows["sales.orders"]))
    order_id, account = (world.rows["sales.orders"][order][name] for name in ("order_id", "account"))
    lines = [n for n, one in enumerate(world.rows["sales.orders_enriched"]) if one["order_id"] == order_id]
    payment = chance.randrange(len(world.rows["sales.transactions"]))
    kind = chance.randrange(10)
    if kind == 0:
        world.revise("sales.transactions", payment, order_id=order_id, amount=chance.randrange(99))
    elif kind == 1:
        world.revise("sales.transactions", payment, transaction_at=moment)
    elif kind == 2:
        changes = {
            "ordered_at": moment,
            "channel": chance.choice(("Online", "In-Store")),
            "location_id": "web",
        }
        world.revise("sales.orders", order, **changes)
        for n in lines:  # another day is another key of the table, so the old one is withdrawn
            world.revise("sales.orders_enriched", n, is_deleted=True)
            world.revise("sales.orders_enriched", n, is_deleted=False, **changes)
    elif kind == 3:
        for n in lines:
            world.revise("sales.orders_enriched", n, order_status=chance.choice(("Cancelled", "Delivered")))
    elif kind == 4:
        for n in lines[:1]:
            world.revise("sales.orders_enriched", n, is_deleted=not chance.randrange(3))
    elif kind == 5:
        for n in lines:
            sold = {"product_id": f"p{chance.randrange(12)}", "product_unit_cost": chance.choice((None, "3"))}
            sold |= {
                "promotion_id": chance.choice((None, "sale")),
                "employee_id": chance.choice((None, "e1")),
            }
            world.revise("sales.orders_enriched", n, **sold)
    elif kind == 6:
        back = {"return_id": f"{account}/{chance.randrange(2)}", "line_number": 1, "account": account}
        made = {"quantity": chance.randrange(3), "amount": 1 + step, "returned_at": moment}
        stamp = {"seq": 10 + step, "occurred_at": moment, "fx_rate": "1"}
        world.land("sales.returns", {"order_id": order_id, **back, **made, **stamp})
    elif kind == 7:
        sent = {"fulfilment_id": f"{order_id}/late", "order_id": order_id, "account": account, "seq": step}
        shipped = {
            "updated_at": moment,
            "shipped_at": moment,
            "shipping_method": "UPS",
            "occurred_at": moment,
        }
        status = chance.choice(("Shipped", "Cancelled"))
        world.land("sales.fulfilments", {**sent, **shipped, "order_status": status})
    elif kind == 8:
        visit = {
            "session_id": f"v{chance.randrange(3)}",
            "account": "a3",
            "location_id": "web",
            "seq": step + 2,
        }
        world.land("customer.web_sessions", {**visit, "ended_at": moment})
        world.change_product(moment, step)
    else:
        world.move_account(step)


def test_one_fact_is_one_that_is_worked_out(world: Trade) -> None:
    """And a mart of which nothing has changed is left alone."""
    assert set(world.refresh().values()) == {None}
    world.revise("sales.transactions", 0, amount="123.4567", fx_rate="1")
    done = world.refresh()
    periods = done["sales_by_period"]
    assert periods is not None
    assert (periods.scope, periods.facts, periods.written, periods.gone) == ("sums", 1, 1, 0)
    assert done["product_affinity"] is None
    world.require_as_of_facts()


def test_an_order_of_tomorrow_is_there_tomorrow(world: Trade) -> None:
    """It has landed before; nothing but the day tells that it counts now."""
    later = span(world.client, ZONE)[1] + timedelta(days=40)  # in a month of which nothing is known
    order = {**world.rows["sales.orders"][0], "order_id": "next", "ordered_at": f"{later} 10:00:00"}
    line = {"line_number": 1, "product_id": "p1", "quantity": 2, "net": "7", "version": 1}
    world.land("sales.orders", order)
    world.land("sales.orders_enriched", {**order, **line})
    world.refresh()
    world.require_as_of_facts()
    months = [row[0] for row in standing(world.client, PERIODS, None).rows]
    assert later.replace(day=1) not in months
    moment = f"{later} 12:00:00"
    world.revise("sales.fulfilments", 0, updated_at=moment, occurred_at=moment)
    world.refresh()
    world.require_as_of_facts()
    months = [row[0] for row in standing(world.client, PERIODS, None).rows]
    assert later.replace(day=1) in months


class EndedError(Exception):
    """The process that refreshed is no more."""


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO marts.kept_fresh",
        "INSERT INTO marts.kept_payment_",
        "INSERT INTO marts.sums_month_payments_",
        "INSERT INTO marts.refreshes",
        "INSERT INTO marts.sales_by_period_draft",
    ],
)
def test_a_refresh_that_was_ended_half_way_is_made_good(
    world: Trade, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    """Before the rows, between rows and sums, before it is written down, and before the mart."""
    world.revise("sales.transactions", 0, amount="55", fx_rate="1", transaction_at="2024-03-05 10:00:00")
    world.revise("sales.transactions", 1, amount="77", fx_rate="1")
    with monkeypatch.context() as patch:
        command, insert = world.client.command, world.client.insert

        def ending(sql: str, *rest: Any, **more: Any) -> Any:
            if sql.startswith(statement):
                raise EndedError
            return command(sql, *rest, **more)

        def inserting(table: str, *rest: Any, **more: Any) -> Any:
            if statement.endswith(table):
                raise EndedError
            return insert(table, *rest, **more)

        patch.setattr(world.client, "command", ending)
        patch.setattr(world.client, "insert", inserting)
        with pytest.raises(EndedError):
            world.refresh()
    world.revise("sales.transactions", 1, amount="78", fx_rate="1")
    world.refresh()
    world.require_as_of_facts()


def tables(world: Trade, like: str) -> list[str]:
    """Tables of the marts' database."""
    return [name for (name,) in world.client.query(f"SHOW TABLES FROM marts LIKE '{like}'").result_rows]


def test_another_definition_of_a_kept_ground_is_worked_out_whole(world: Trade) -> None:
    """With its sums, and the old tables go; one of sums alone is added up of the rows that are kept."""
    rows, sums = tables(world, "kept_payment_%"), tables(world, "sums_month_payments_%")
    assert (len(rows), len(sums)) == (1, 1)
    ground = LIBRARY.relations["month_payments"]
    other = replace(ground, sql=ground.sql.replace("sum(amount)", "sum(2 * amount)"))
    library = Library({**LIBRARY.relations, ground.name: other})
    world.refresh(library=library)
    world.require_as_of_facts(library)
    assert tables(world, "kept_payment_%") == rows
    assert len(tables(world, "sums_month_payments_%")) == 1
    assert tables(world, "sums_month_payments_%") != sums

    ground = LIBRARY.relations["kept_payment"]
    other = replace(ground, sql=ground.sql.replace("p.amount AS", "p.amount + 1 AS"))
    library = Library({**LIBRARY.relations, ground.name: other})
    world.refresh(library=library)
    world.require_as_of_facts(library)
    assert len(tables(world, "kept_payment_%")) == 1
    assert tables(world, "kept_payment_%") != rows


def test_what_is_lost_or_too_much_is_worked_out_whole(world: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that somebody has dropped; more facts than are worked out by themselves."""
    (rows,) = tables(world, "kept_payment_%")
    world.client.command(f"DROP TABLE marts.{rows}")
    world.revise("sales.transactions", 0, amount="5")
    world.refresh()
    world.require_as_of_facts()
    (sums,) = tables(world, "sums_month_payments_%")
    world.client.command(f"DROP TABLE marts.{sums}")
    world.revise("sales.transactions", 0, amount="6")
    world.refresh()
    world.require_as_of_facts()
    monkeypatch.setattr(kept, "MANY", 2)
    for place in range(4):
        world.revise("sales.transactions", place, amount="7")
    world.refresh()
    world.require_as_of_facts()
    told = "SELECT scope, facts FROM marts.refreshes WHERE mart = 'kept_payment' ORDER BY number"
    scopes = [row[0] for row in world.client.query(told).result_rows]
    assert scopes[-3:] == ["whole", "facts", "whole"]


def test_a_mart_of_marts_brings_those_up_to_date(world: Trade) -> None:
    """So it is right when it is refreshed alone."""
    world.revise("sales.transactions", 0, amount="5000", fx_rate="1")
    run = Refresh(world.client, LIBRARY, MESH, ZONE)
    done = run.run(LIBRARY.mart("churn_counts"), NOW)
    assert done is not None
    assert done.scope == "marts"
    world.require_as_of_facts(names=("churn_counts", "customer_churn"))
