"""customer_360 and churn by the oracle, against rows worked out by hand from the rules."""

from __future__ import annotations

from typing import Any

import pytest

from mesh.reconcile.customer_360 import GONE, LIVE, customers
from mesh.reconcile.facts import Facts
from mesh.reconcile.orders_enriched import gone_lines, order_lines
from tests.unit.mesh.reconcile_cases import DAY, RATE, SECOND, at, facts, line, order, product

PIVOT = 2**33


def rows(known: Facts, timezone: str = "UTC") -> dict[str, dict[str, Any]]:
    """The customers by golden id."""
    live, gone = order_lines(known).select(LIVE), gone_lines(known).select(GONE)
    return {row["golden_id"]: row for row in customers(known, live, gone, timezone).to_dicts()}


def payment(name: str, moment: int, amount: int = 10_000, **fields: Any) -> dict[str, Any]:
    """A payment of account ``a``."""
    given = {"transaction_id": name, "order_id": "o", "transaction_at": moment, "amount": amount}
    return {**given, "occurred_at": moment, **fields}


def test_guests_are_no_customers() -> None:
    """Accounts of guests take no part, whatever they have (rule 13)."""
    guest = "guest:1"
    known = facts(
        OrderPlaced=[order("o", at(5), account=guest)],
        PaymentRecorded=[payment("t", at(5), account=guest)],
        CustomerRecorded=[{"account": guest, "valid_from": at(1)}],
    )
    assert rows(known) == {}


@pytest.mark.parametrize(("days", "status"), [(90, "Not Churned"), (91, "Churned")])
def test_churned_on_the_91st_day(days: int, status: str) -> None:
    """90 days after the last transaction's day one is still a customer (rule 17)."""
    clock = {"order_id": "other", "account": "b", "occurred_at": at(5) + days * DAY, "ordered_at": at(5)}
    known = facts(PaymentRecorded=[payment("t", at(5))], OrderPlaced=[{**clock, "lines": []}])
    row = rows(known)["a"]
    assert row["churn_status"] == status
    crossing = (at(5) // DAY + 91) * DAY if status == "Churned" else None
    assert row["churned_at"] == crossing
    assert row["registers"] == 4 * 1 + (status == "Churned")


def test_crossing_is_the_local_midnight_across_a_change_of_clocks() -> None:
    """91 days after 14 January 2024 lies in summer time: Berlin's midnight is 22:00 UTC the day before."""
    paid = 19_736 * DAY  # 2024-01-14 00:00 UTC, 01:00 in Berlin
    known = facts(PaymentRecorded=[payment("t", paid), payment("t2", paid + 200 * DAY, account="b")])
    assert rows(known, "Europe/Berlin")["a"]["churned_at"] == (19_736 + 91) * DAY - 7_200 * SECOND


def test_customer_without_transaction_is_neither() -> None:
    """A mastered account alone: the earliest version while no clock is known (rules 16 and 17)."""
    known = facts(
        CustomerRecorded=[
            {"account": "a", "valid_from": at(9), "city": "late"},
            {"account": "a", "valid_from": at(2), "city": "early", "seq": 3},
        ]
    )
    row = rows(known)["a"]
    assert (row["churn_status"], row["city"], row["account"], row["orders"]) == (
        "No transaction",
        "early",
        "a",
        0,
    )
    assert row["online_share"] is None
    assert row["average_transaction_amount"] is None
    assert (row["structure"], row["registers"]) == (1, 0)
    assert (row["clocks"], row["seqs"]) == (PIVOT - at(2) // SECOND, 4)


def test_customer_is_shown_as_of_the_clock() -> None:
    """The greatest valid_from up to the clock, not the newest that is known (rule 16)."""
    versions = [{"account": "a", "valid_from": at(day), "city": str(day)} for day in (1, 6, 20)]
    row = rows(facts(CustomerRecorded=versions, PaymentRecorded=[payment("t", at(6))]))["a"]
    assert row["city"] == "6"
    assert row["clocks"] == PIVOT + at(6) // SECOND


def test_account_that_nobody_recorded_has_figures_but_no_name() -> None:
    """Known by its payment alone: membership register 0, no account shown (rules 13 and 20)."""
    row = rows(facts(PaymentRecorded=[payment("t", at(5))]))["a"]
    assert (row["account"], row["accounts"], row["structure"]) == (None, 1, 0)
    assert row["transaction_amount"] == 10_000


def test_orders_speak_through_their_lowest_line_and_sums_over_all() -> None:
    """Two lines, one order; online by its channel; cost from the product as of the order (rule 14)."""
    lines = [line(1, gross=30_000, net=20_000, quantity=3), line(2, product_id="q")]
    known = facts(
        OrderPlaced=[order("o", at(5), lines=lines, channel="Online")],
        ProductDescribed=[product("p", at(1), unit_cost=5_000)],
        FulfilmentUpdated=[
            {"fulfilment_id": "f", "order_id": "o", "updated_at": at(6), "order_status": "Cancelled"}
        ],
    )
    row = rows(known)["a"]
    assert (row["orders"], row["cancelled_orders"], row["online_orders"], row["lines"]) == (1, 1, 1, 2)
    assert (row["units"], row["gross"], row["net"], row["cost"]) == (4, 40_000, 30_000, 15_000)
    assert (row["margin"], row["online_share"]) == (15_000, 1.0)
    # structure 0 and registers 1 + fulfilment 1 for each of two lines, four times
    assert row["registers"] == 4 * (2 + 2)


@pytest.mark.parametrize(("days", "recent"), [(365, 1), (366, 0)])
def test_last_year_is_365_days(days: int, recent: int) -> None:
    """An order leaves the window on the 366th day, and the version says so (rules 17 and 20)."""
    known = facts(
        OrderPlaced=[order("o", at(5))],
        PaymentRecorded=[payment("t", at(5) + days * DAY, account="b", order_id="other")],
    )
    row = rows(known)["a"]
    assert row["orders_last_year"] == recent
    assert row["registers"] == 4 * 1 + (1 - recent)


def test_lines_that_are_gone_count_in_the_version_only() -> None:
    """A dead line adds its structure and registers, but no figure (rule 20)."""
    known = facts(
        OrderPlaced=[
            order("o", at(5), seq=0, lines=[line(1), line(2)]),
            order("o", at(5), seq=3, lines=[line(1)]),
        ]
    )
    row = rows(known)["a"]
    assert row["lines"] == 1
    assert row["registers"] == 4 * (3 + 1) + 4 * (3 + 1)


def test_favourite_by_units_then_net_then_least_id() -> None:
    """q and r tie in units and net, p has fewer units: q (rule 18)."""
    lines = [
        line(1, product_id="r", quantity=2),
        line(2, product_id="q", quantity=2),
        line(3, product_id="p", quantity=1, net=90_000),
    ]
    row = rows(facts(OrderPlaced=[order("o", at(5), lines=lines)]))["a"]
    assert row["favourite_product_id"] == "q"
    assert row["favourite_category"] is None


def test_the_segment_of_the_highest_revision_is_shown() -> None:
    """It adds its seq + 1 to the registers, and makes no row by itself (rule 25)."""
    told = [("a", 7, "new", "2024-W02"), ("a", 3, "old", "2024-W01"), ("nobody", 0, "none", "2024-W01")]
    segments = [
        {"customer_id": name, "seq": seq, "segment": segment, "week": week}
        for name, seq, segment, week in told
    ]
    bought = {"OrderPlaced": [order("o", at(5)), order("p", at(5), account="b")]}
    found = rows(facts(**bought, SegmentAssigned=segments))
    without = rows(facts(**bought))
    assert (found["a"]["segment"], found["a"]["segment_week"]) == ("new", "2024-W02")
    assert found["a"]["registers"] == without["a"]["registers"] + 8
    assert set(found) == {"a", "b"}
    assert found["b"] == without["b"]
    assert (found["b"]["segment"], found["b"]["segment_week"]) == (None, None)


@pytest.mark.parametrize(("amounts", "average"), [((1, 2), 2), ((-1, -2), -2), ((1, 0, 0), 0)])
def test_average_is_rounded_half_away_from_zero(amounts: tuple[int, ...], average: int) -> None:
    """0.00015 becomes 0.0002, and -0.00015 becomes -0.0002 (rule 19)."""
    known = facts(
        PaymentRecorded=[payment(f"t{n}", at(5), amount, fx_rate=RATE) for n, amount in enumerate(amounts)]
    )
    assert rows(known)["a"]["average_transaction_amount"] == average
