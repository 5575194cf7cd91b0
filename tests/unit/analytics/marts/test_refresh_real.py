"""Marts on the real engine: a refresh of what has changed gives what a refresh of everything gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest

from analytics.marts import scope
from analytics.marts.asking import as_of, standing
from analytics.marts.refresh import Refresh
from analytics.marts.relation import Library, Mart
from analytics.marts.table import STALE, Rows
from mesh.kernel.errors import MartError
from tests.ports.embedded_server import copied
from tests.unit.analytics.marts.going import LIBRARY, NOW, ZONE, Trade
from tests.unit.analytics.semantic.world import MESH, empty_warehouse

pytestmark = pytest.mark.real
MARTS = [mart for mart in LIBRARY.marts.values() if mart.by_customer or mart.name == "sales_by_period"]
"""Those by customer, and one of the others; what is kept of facts has tests of its own."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trade, Path]:
    """A warehouse that was refreshed, and where it lies after it was stopped."""
    path = tmp_path_factory.mktemp("marts") / "path"
    server = empty_warehouse(path)
    client = clickhouse_connect.get_client(port=server.port)
    world = Trade(client, MARTS)
    assert None not in world.refresh().values()
    client.close()
    server.stop()
    return world, path


@pytest.fixture
def world(prepared: tuple[Trade, Path], tmp_path: Path) -> Iterator[Trade]:
    """A warehouse of its own, refreshed."""
    trade, path = prepared
    server = copied(path, tmp_path / "path")
    client = clickhouse_connect.get_client(port=server.port)
    yield trade.taken_up(client)
    client.close()
    server.stop()


def churn(world: Trade) -> dict[str, tuple[Any, ...]]:
    """The rows of customer_churn by customer, as they stand."""
    mart = LIBRARY.mart("customer_churn")
    return {row[0]: tuple(row) for row in standing(world.client, mart, None).rows}


def test_a_change_in_one_customer_recomputes_one_row(world: Trade) -> None:
    """And writes one; a refresh without a change does nothing."""
    assert set(world.refresh().values()) == {None}
    before = churn(world)
    place = next(n for n, one in enumerate(world.rows["sales.transactions"]) if one["account"] == "a7")
    world.revise("sales.transactions", place, amount="123.4567", fx_rate="1")
    done = world.refresh()["customer_churn"]
    assert done is not None
    assert (done.scope, done.customers, done.recomputed, done.written, done.gone) == ("customers", 1, 1, 1, 0)
    after = churn(world)
    assert {golden for golden in after if after[golden] != before[golden]} == {"g7"}
    world.require_as_worked_out_whole()


def test_what_only_repeats_writes_nothing(world: Trade) -> None:
    """The same facts once more, at other offsets: worked out, and found equal."""
    world.land("sales.transactions", *world.rows["sales.transactions"])
    done = [one for one in world.refresh().values() if one is not None]
    assert done
    assert all((one.written, one.gone) == (0, 0) for one in done)


def test_an_account_that_moves_changes_both_customers(world: Trade) -> None:
    """The one who loses it too, who is told by the stream's row and no longer by the crosswalk."""
    before = churn(world)
    world.land("customer.crosswalk", {"account": "a5", "golden_id": "g6", "seq": 9})
    world.land("customer.customer_360", {"golden_id": "g5", "version": 9, "is_deleted": True})
    done = world.refresh()["customer_churn"]
    assert done is not None
    assert (done.scope, done.customers, done.gone) == ("customers", 2, 1)
    after = churn(world)
    assert before.keys() - after.keys() == {"g5"}
    assert after["g6"][9] == before["g5"][9] + before["g6"][9]
    world.require_as_worked_out_whole()


def test_a_clock_that_moves_on_recomputes_whom_it_passes(world: Trade) -> None:
    """Nobody bought, yet some have crossed the line, and had their birthday."""
    before = churn(world)
    for day in ("2024-08-15", "2024-10-02", "2025-09-30"):
        moment = f"{day} 00:00:00"
        world.revise("sales.fulfilments", 0, updated_at=moment, occurred_at=moment)
        done = world.refresh()["customer_churn"]
        assert done is not None
        assert done.scope == "customers"
        world.require_as_worked_out_whole()
    after = churn(world)
    assert {row[5] for row in after.values()} == {"Churned", "No transaction"}
    assert {row[5] for row in before.values()} == {"Churned", "Not Churned", "No transaction"}


def test_rows_that_mostly_change_leave_no_other_version(world: Trade) -> None:
    """Readers would pass over those: three years on, everybody's days since the last order are others."""
    world.revise("sales.fulfilments", 0, updated_at="2027-10-02 00:00:00", occurred_at="2027-10-02 00:00:00")
    done = world.refresh()["customer_churn"]
    assert done is not None
    assert done.total is not None
    assert done.written > STALE * done.total
    kept = world.client.query(f"SELECT count() FROM {done.rows_table}").result_rows[0][0]
    assert kept == done.total


@pytest.mark.parametrize("seed", range(2))
def test_any_changes_are_as_if_all_had_been_worked_out(world: Trade, seed: int) -> None:
    """Corrections, returns, withdrawn lines, guests, new customers, visits and prices, in any order."""
    chance = random.Random(seed)
    for step in range(4):
        for _ in range(chance.randrange(1, 5)):
            change(world, chance, step)
        world.refresh()
        world.require_as_of_facts()
    world.require_as_worked_out_whole()


def test_customers_are_worked_out_some_at_a_time(world: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few at a time, all of them are there; an ended refresh is made good by the next."""
    monkeypatch.setattr(scope, "MANY", 3)
    world.require_as_worked_out_whole()
    for place in range(8):
        world.revise("sales.transactions", place, amount=str(100 + place))
    first = {**world.rows["sales.transactions"][0], "transaction_id": "first", "account": "n1"}
    world.land("sales.transactions", first)
    put = Rows.put
    left = [1]

    def ended(rows: Rows, number: int, in_scope: str = "1") -> tuple[int, int]:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return put(rows, number, in_scope)

    monkeypatch.setattr(Rows, "put", ended)
    with pytest.raises(KeyboardInterrupt):
        world.refresh()
    monkeypatch.setattr(Rows, "put", put)
    world.refresh()
    world.require_as_of_facts()
    world.require_as_worked_out_whole()


def change(world: Trade, chance: random.Random, step: int) -> None:
    """Something that happens."""
    enriched = world.rows["sales.orders_enriched"]
    line = chance.randrange(len(enriched))
    order = enriched[line]
    moment = f"2024-0{chance.randrange(1, 8)}-1{chance.randrange(10)} 10:00:00"
    kind = chance.randrange(8)
    if kind == 0:
        world.revise("sales.transactions", chance.randrange(20), transaction_at=moment)
    elif kind == 1:
        world.revise("sales.orders_enriched", line, is_deleted=True)
    elif kind == 2:
        world.revise("sales.orders_enriched", line, product_id="p1", order_status="Cancelled")
    elif kind == 3:
        back = {name: order[name] for name in ("order_id", "line_number", "account", "fx_rate")}
        made = {"return_id": f"r{step}", "quantity": chance.randrange(3), "amount": 1, "returned_at": moment}
        world.land("sales.returns", {**back, **made, "seq": step, "occurred_at": moment})
    elif kind == 4:
        known = {"account": f"n{step}", "valid_from": "2024-01-05 00:00:00", "seq": 1, "country": "Peru"}
        world.land("customer.customers", {**known, "golden_id": f"n{step}"})
        world.land("customer.crosswalk", {"account": f"n{step}", "golden_id": f"n{step}", "seq": 0})
    elif kind == 5:
        visit = {"session_id": f"s{step}", "account": "a3", "location_id": "web", "ended_at": moment}
        world.land("customer.web_sessions", visit)
    elif kind == 6:
        world.change_product(moment, step)
    else:
        world.move_account(step)


def test_another_definition_replaces_the_rows_at_once(world: Trade) -> None:
    """The view never lacks rows, and the table of the old definition is gone."""
    churned = LIBRARY.mart("customer_churn")
    shorter = Mart(
        churned.name,
        churned.sql.replace("- 90", "- 30"),
        churned.reads,
        churned.place,
        churned.header,
        churned.columns,
    )
    run = Refresh(world.client, Library({**LIBRARY.relations, "customer_churn": shorter}), MESH, ZONE)
    done = run.run(shorter, NOW)
    assert done is not None
    assert done.scope == "whole"
    tables = world.client.query("SHOW TABLES FROM marts LIKE 'customer_churn_%'").result_rows
    assert [name for (name,) in tables] == [done.rows_table.removeprefix("marts.")]
    world.refresh()
    world.require_as_worked_out_whole()


def test_a_key_that_repeats_is_refused_and_the_mart_stays(world: Trade) -> None:
    """A join that multiplies rows never reaches people."""
    before = churn(world)
    churned = LIBRARY.mart("customer_churn")
    twice = f"{churned.sql}\nUNION ALL SELECT * FROM ({churned.sql})"
    broken = Mart(churned.name, twice, churned.reads, churned.place, churned.header, churned.columns)
    run = Refresh(world.client, Library({**LIBRARY.relations, "customer_churn": broken}), MESH, ZONE)
    with pytest.raises(MartError, match=r"mart-key-repeated.*rows of"):
        run.run(broken, NOW)
    assert churn(world) == before


def test_guests_are_in_no_mart_of_customers_and_in_all_sales(world: Trade) -> None:
    """They bought, but nobody knows who they are."""
    lines = world.rows["sales.orders_enriched"]
    guests = [line for line in lines if line["account"].startswith("guest:")]
    assert guests
    history = standing(world.client, LIBRARY.mart("purchase_history"), None)
    assert history.total == len(lines) - len(guests)
    assert all(row[0].startswith("g") and not row[0].startswith("guest") for row in history.rows)
    months = LIBRARY.mart("sales_by_period")
    units = [column.name for column in months.columns].index("units")
    sold = sum(row[units] for row in standing(world.client, months, None).rows)
    assert sold == sum(line["quantity"] for line in lines)


def test_days_are_those_of_the_business_time_zone(world: Trade) -> None:
    """Half past eleven in the evening of London is the next day in Paris."""
    payment = {"transaction_id": "late", "order_id": "x", "account": "a9", "seq": 1, "fx_rate": "1"}
    moment = "2024-07-01 22:30:00"
    world.land(
        "sales.transactions", {**payment, "amount": 1, "transaction_at": moment, "occurred_at": moment}
    )
    rows = as_of(world.client, LIBRARY, LIBRARY.mart("customer_churn"), date(2024, 7, 2), ZONE, None).rows
    (row,) = [row for row in rows if row[0] == "g9"]
    assert row[7] == date(2024, 7, 2)
    assert row[8].replace(tzinfo=UTC) == datetime(2024, 9, 30, 22, tzinfo=UTC)
    earlier = as_of(world.client, LIBRARY, LIBRARY.mart("customer_churn"), date(2024, 7, 1), ZONE, None).rows
    (row,) = [row for row in earlier if row[0] == "g9"]
    assert row[7] is None or row[7] < date(2024, 7, 1)


def test_a_mart_that_never_was_refreshed_says_so(world: Trade) -> None:
    """And where nothing has landed there is no day to work out."""
    world.client.command("DROP TABLE marts.refreshes")
    with pytest.raises(MartError, match=r"mart-not-refreshed.*mesh marts refresh customer_churn"):
        standing(world.client, LIBRARY.mart("customer_churn"), None)
    for table in ("orders", "transactions", "fulfilments", "returns"):
        world.client.command(f"TRUNCATE TABLE sales.{table}_v1")
    with pytest.raises(MartError, match="no-facts"):
        Refresh(world.client, LIBRARY, MESH, ZONE)


def test_money_is_rounded_as_in_every_table(world: Trade) -> None:
    """Each payment in the reporting currency by itself, half away from zero; then summed."""
    paid: dict[str, Decimal] = {}
    for row in world.rows["sales.transactions"]:
        amount = (Decimal(row["amount"]) * Decimal(row["fx_rate"])).quantize(
            Decimal("0.0001"), "ROUND_HALF_UP"
        )
        golden = {"a0": "g0", "a1": "g0", "a2": "g1", "a3": "g1"}.get(
            row["account"], "g" + row["account"][1:]
        )
        if not row["account"].startswith("guest:"):
            paid[golden] = paid.get(golden, Decimal(0)) + amount
    assert {golden: row[10] for golden, row in churn(world).items() if row[9]} == paid
