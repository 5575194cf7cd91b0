"""The chain of weeks on the real engine: as live trade makes it, in replay, by hand, and bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from analytics.segments.segmenting import Done
from analytics.segments.tables import ASSIGNED, RUNS, SEGMENTS
from analytics.segments.trade import landing
from analytics.segments.week import Week, closed_weeks
from mesh.kernel.errors import LearningError
from tests.unit.analytics.segments.shop import FEW, WEEK, ZONE, Shop
from tests.unit.analytics.semantic.world import Row

pytestmark = pytest.mark.real
MOMENTS = {"sales.orders_enriched": "ordered_at", "sales.returns": "returned_at"}
"""When a row of a table happened; elsewhere ``occurred_at``, or at the beginning of all."""


def facts(shop: Shop) -> list[tuple[str, str, Row]]:
    """Moment, table and row of all, oldest first; a third of the lines come back, some are cancelled."""
    rows = [(table, row) for table, those in shop.trade.items() for row in those]
    for number, line in enumerate(shop.trade["sales.orders_enriched"]):
        ordered = date.fromisoformat(line["ordered_at"][:10])
        same = {"order_id": line["order_id"], "account": line["account"], "seq": 1, "fx_rate": "1"}
        if number % 3 == 0:
            back_at = f"{ordered + timedelta(5 + number % 40)} 12:00:00"
            back = {**same, "return_id": f"r-{line['order_id']}-{line['line_number']}", "quantity": 1}
            back |= {"line_number": line["line_number"], "amount": "1.5", "returned_at": back_at}
            rows.append(("sales.returns", {**back, "occurred_at": back_at}))
        if number % 7 == 0:
            updated_at = f"{ordered + timedelta(3 + number % 20)} 13:00:00"
            gone = {**same, "fulfilment_id": f"{line['order_id']}/cancelled", "order_status": "Cancelled"}
            gone |= {"updated_at": updated_at, "occurred_at": updated_at}
            rows.append(("sales.fulfilments", gone))
    timed = [(row.get(MOMENTS.get(table, "occurred_at"), ""), table, row) for table, row in rows]
    return sorted(timed, key=lambda one: one[0])


def land(shop: Shop, some: list[tuple[str, str, Row]]) -> None:
    """Land facts, those of a table at once."""
    for table in dict.fromkeys(table for _, table, _ in some):
        shop.land(table, *(row for _, of, row in some if of == table))


def chain(shop: Shop) -> list[Any]:
    """All that was kept of the runs and their customers, but for when."""
    runs = shop.client.query(f"SELECT * EXCEPT began_at FROM {RUNS} ORDER BY monday, number").result_rows
    rest = [
        shop.client.query(f"SELECT * FROM {table} ORDER BY ALL").result_rows for table in (SEGMENTS, ASSIGNED)
    ]
    return [runs, *rest]


def test_weeks_are_the_same_live_and_in_replay(open_empty: Callable[[], Shop]) -> None:
    """One after the other as their facts land, or all at once: digests, names, who is where, what is told."""
    live, replay = open_empty(), open_empty()
    waiting = facts(live)
    first, last = (date.fromisoformat(one[0][:10]) for one in (next(f for f in waiting if f[0]), waiting[-1]))
    days = [week.monday + timedelta(7) for week in closed_weeks(first, last)]
    runs: list[Done | LearningError] = []
    for monday in days:
        landed = [fact for fact in waiting if fact[0][:10] <= monday.isoformat()]
        waiting = waiting[len(landed) :]
        land(live, landed)
        runs += live.run_due()
    land(replay, facts(replay))
    again = replay.run_due()
    assert len(runs) == len(again) > 20
    assert chain(live) == chain(replay)
    assert live.told == replay.told
    done = [run for run in runs if isinstance(run, Done)]
    assert len({one.name for run in done for one in run.learned.segments}) > 3
    assert sum(run.moved for run in done) > 10


def test_weeks_go_on_where_the_last_call_stopped(shop: Shop, open_empty: Callable[[], Shop]) -> None:
    """Some a call, oldest first: the same chain as in one go, and then none is due."""
    calls = 0
    while shop.due():
        assert len(shop.run_due(most=5)) <= 5
        calls += 1
    assert calls > 3
    at_once = open_empty()
    for table, rows in at_once.trade.items():
        at_once.land(table, *rows)
    at_once.run_due()
    assert chain(shop) == chain(at_once)


def test_one_week_is_run_however_little_time_there_is(shop: Shop) -> None:
    """So that every call comes further; weeks without segments take none."""
    shop.parameters = replace(FEW, least_customers=10)
    segmenting = shop.segmenting()
    due = shop.due()
    found = list(segmenting.run_due(due, lambda: False, lambda: WEEK.end(ZONE)))
    assert [isinstance(one, Done) for one in found] == [*[False] * (len(found) - 1), True]
    assert len(found) > 1
    assert shop.due() == due[len(found) :]


def test_a_week_without_segments_is_passed_over_and_stays_so(shop: Shop) -> None:
    """Also where facts of it come late; by hand it can be run."""
    shop.parameters = replace(FEW, least_customers=10)
    first = shop.run_due()[0]
    assert isinstance(first, LearningError)
    assert first.code == "too-few-customers"
    week = closed_weeks(date(2024, 1, 1), date(2024, 7, 1))[0]
    assert str(week) == first.place
    for customer in range(12):
        shop.order(customer, week.sunday.isoformat())
    assert shop.due() == []
    assert shop.segment(week).is_new


def test_a_week_that_was_run_by_hand_is_run_again_in_its_turn(
    shop: Shop, open_empty: Callable[[], Shop]
) -> None:
    """It continued nothing; the run of its turn continues the week before, and is what all are told."""
    newest = shop.due()[-1]
    by_hand = shop.segment(newest)
    assert by_hand.learned.before == ""
    last = shop.run_due()[-1]
    assert isinstance(last, Done)
    assert (last.run.week, last.run.number) == (newest, 2)
    assert shop.due() == []
    assert shop.segments == last.learned.assigned
    other = open_empty()
    for table, rows in other.trade.items():
        other.land(table, *rows)
    alike = other.run_due()[-1]
    assert isinstance(alike, Done)
    assert alike.learned == last.learned


def test_weeks_of_which_facts_are_landing_are_known(shop: Shop) -> None:
    """By when they landed, and not by when they happened."""
    shop.client.command(
        "ALTER TABLE sales.orders_enriched_v1 UPDATE _landed_at = now64(6) - INTERVAL 1 HOUR WHERE 1 "
        "SETTINGS mutations_sync = 1"
    )
    shop.client.command("TRUNCATE TABLE sales.fulfilments_v1")
    shop.client.command("TRUNCATE TABLE sales.returns_v1")
    assert landing(shop.client, ZONE, 60) == set()
    shop.order(5, "2024-04-21")
    assert landing(shop.client, ZONE, 60) == {WEEK}
    assert Week(date(2024, 5, 6)) in landing(shop.client, ZONE, 7200)
