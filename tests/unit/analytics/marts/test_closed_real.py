"""Closed months on the real engine: whatever happens afterwards is an adjustment, with what caused it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import clickhouse_connect
import pytest

from analytics.marts.asking import standing
from analytics.marts.closing import close
from mesh.kernel.clock import now
from tests.unit.analytics.marts.going import LIBRARY, ZONE, Trade
from tests.unit.analytics.semantic.world import empty_warehouse

pytestmark = pytest.mark.real
MARTS = [LIBRARY.mart(name) for name in ("sales_by_period", "closed_periods", "period_adjustments")]
NOVEMBER, DECEMBER = date(2023, 11, 1), date(2023, 12, 1)
MEASURES = ("units", "net", "cost", "cancelled_net", "returned_units", "returned_amount", "revenue")
"""What is closed of a month, in the order of the amounts below."""
Amounts = tuple[Decimal, ...]


@dataclass
class Line:
    """A line of an order: what is sold of a product for how much, and what a unit costs, if that is known."""

    units: int
    net: str
    unit_cost: str | None = "5"
    product: str = "socks"


class Books(Trade):
    """A trade in November 2023 that is known to the last line, months before the trade of :class:`Trade`."""

    def place(self, order: str, moment: str, *lines: Line, version: int = 1, fx: str = "1") -> None:
        """An order, or what it has become; its event is named after it and the version."""
        same = {"order_id": order, "account": "a1", "ordered_at": moment, "channel": "Online", "fx_rate": fx}
        stamp = {
            "seq": version,
            "event_id": f"{order}/{version}",
            "occurred_at": f"2023-11-{version:02} 08:00:00",
        }
        self.land("sales.orders", {**same, **stamp})
        for number, line in enumerate(lines, 1):
            self.sell(same | {"line_number": number}, line, version=version)

    def sell(self, order: dict[str, Any], line: Line, *, version: int, is_deleted: bool = False) -> None:
        """A line as the stream enriches it."""
        sold = {
            "product_id": line.product,
            "quantity": line.units,
            "net_amount": line.net,
            "gross_amount": line.net,
        }
        sold |= {"product_unit_cost": line.unit_cost, "version": version, "is_deleted": is_deleted}
        self.land("sales.orders_enriched", {**order, **sold})

    def status(self, order: str, line: Line, status: str, *, version: int) -> None:
        """What the newest shipment says of an order of one line."""
        ordered = {
            "order_id": order,
            "account": "a1",
            "ordered_at": TENTH,
            "channel": "Online",
            "fx_rate": "1",
        }
        sent = {"fulfilment_id": f"{order}/s", "updated_at": "2023-12-20 09:00:00", "seq": version}
        stamp = {"event_id": f"{order}/s{version}", "occurred_at": "2023-12-20 09:00:00"}
        self.land("sales.fulfilments", {"order_id": order, "order_status": status, **sent, **stamp})
        ordered |= {"line_number": 1, "order_status": status}
        self.sell(ordered, line, version=version + 1)

    def pay(self, payment: str, moment: str, amount: str, *, version: int = 1, order: str = "stays") -> None:
        """A payment of one and a half reporting currencies a unit, or what it has become."""
        made = {"transaction_id": payment, "order_id": order, "account": "a1", "transaction_at": moment}
        stamp = {
            "seq": version,
            "event_id": f"{payment}/{version}",
            "occurred_at": f"2023-11-{version:02} 08:00:00",
        }
        self.land("sales.transactions", {**made, **stamp, "amount": amount, "fx_rate": "1.5"})

    def take_back(self, back: str, moment: str, units: int, amount: str, *, version: int = 1) -> None:
        """A return of the first line of the order ``back``, or what it has become."""
        made = {
            "return_id": back,
            "order_id": "back",
            "line_number": 1,
            "account": "a1",
            "returned_at": moment,
        }
        stamp = {
            "seq": version,
            "event_id": f"{back}/{version}",
            "occurred_at": f"2023-11-{version:02} 08:00:00",
        }
        self.land("sales.returns", {**made, **stamp, "quantity": units, "amount": amount, "fx_rate": "1"})

    def describe(self, cost: str, seq: int) -> None:
        """What a shoe costs."""
        stamp = {"seq": seq, "event_id": f"shoe/{seq}", "occurred_at": "2023-12-15 07:30:00"}
        self.land(
            "product.products", {"product_id": "shoe", "valid_from": "2023-01-01", "unit_cost": cost, **stamp}
        )

    def told(self, mart: str) -> list[dict[str, Any]]:
        """The rows of a mart as it was refreshed last."""
        names = [column.name for column in LIBRARY.mart(mart).columns]
        return [
            dict(zip(names, row, strict=True)) for row in standing(self.client, LIBRARY.mart(mart), None).rows
        ]


TENTH = "2023-11-10 10:00:00"
LAST, FIRST = "2023-11-30 22:59:59", "2023-11-30 23:00:00"
"""The last second of November in Paris, and the first of December."""
VOID, MOVING = Line(1, "25", "10"), Line(2, "30", "6")
SHOES, SOCKS = Line(4, "80", "12", "shoe"), Line(3, "45")


def trade_of_november(books: Books) -> None:
    """What is known when the months are closed."""
    books.describe("12", 1)
    books.place("stays", TENTH, Line(1, "10"))
    books.place("eve", FIRST, Line(1, "7", None))  # is of December
    books.place("loses", TENTH, Line(1, "20"), SOCKS)
    books.place("moves", LAST, MOVING)
    books.place("leaves", TENTH, Line(1, "11"))
    books.place("void", TENTH, VOID)
    books.place("costs", TENTH, SHOES)
    books.place("back", TENTH, Line(2, "50", None), fx="2")  # of no known cost
    books.take_back("returned", LAST, 1, "49")
    books.pay("paid", TENTH, "60")
    books.pay("kept", LAST, "10")
    books.pay("eve", FIRST, "1")


AT_CLOSE = {
    NOVEMBER: (
        *(
            1 + 1 + 3 + 2 + 1 + 1 + 4 + 2,
            10 + 20 + 45 + 30 + 11 + 25 + 80 + 100,
            5 + 5 + 15 + 12 + 5 + 10 + 48,
        ),
        *(0, 1, 49, 105),
    ),
    DECEMBER: (1, 7, 0, 0, 0, 0, Decimal("1.5")),
}
"""By hand, in the order of :data:`MEASURES`."""


def what_comes_later(books: Books) -> None:
    """A late order, a withdrawn line, two orders elsewhere, returns, a cancellation, a cost, a payment."""
    books.place("late", LAST, Line(2, "16"), Line(1, "22", "12.5", "shoe"))
    books.pay("late", LAST, "30", order="late")

    books.place("loses", TENTH, Line(1, "20"), version=2)
    order = {"order_id": "loses", "account": "a1", "ordered_at": TENTH, "channel": "Online", "fx_rate": "1"}
    books.sell(order | {"line_number": 2}, SOCKS, version=2, is_deleted=True)

    for name, line, was, becomes in (
        ("moves", MOVING, LAST, "2023-12-05 10:00:00"),
        ("leaves", Line(1, "11"), TENTH, "2024-01-05 10:00:00"),
    ):
        order = {"order_id": name, "account": "a1", "ordered_at": was, "channel": "Online", "fx_rate": "1"}
        books.sell(order | {"line_number": 1}, line, version=2, is_deleted=True)
        books.place(name, becomes, line, version=3)

    books.take_back("returned", LAST, 0, "0", version=2)
    books.take_back("again", TENTH, 2, "24.5")
    books.status("void", VOID, "Cancelled", version=1)

    books.describe("12.5", 2)
    order = {"order_id": "costs", "account": "a1", "ordered_at": TENTH, "channel": "Online", "fx_rate": "1"}
    books.sell(order | {"line_number": 1}, Line(4, "80", "12.5", "shoe"), version=2)

    books.pay("paid", TENTH, "70", version=2, order="late")


SHOE = "ProductDescribed shoe/2 of 2023-12-15 07:30:00"
ADJUSTMENTS: dict[tuple[date, str, str], tuple[str, str, tuple[Any, ...], list[str]]] = {
    (NOVEMBER, "line", "late#1"): (
        *("late", "added", (2, 16, 10, 0, 0, 0, 0)),
        ["OrderPlaced late/1 of 2023-11-01 08:00:00"],
    ),
    (NOVEMBER, "line", "late#2"): (
        *("late", "added", (1, 22, Decimal("12.5"), 0, 0, 0, 0)),
        ["OrderPlaced late/1 of 2023-11-01 08:00:00", SHOE],
    ),
    (NOVEMBER, "payment", "late"): (
        *("late", "added", (0, 0, 0, 0, 0, 0, 45)),
        ["PaymentRecorded late/1 of 2023-11-01 08:00:00"],
    ),
    (NOVEMBER, "line", "loses#2"): (
        *("loses", "gone", (-3, -45, -15, 0, 0, 0, 0)),
        ["OrderPlaced loses/2 of 2023-11-02 08:00:00"],
    ),
    (NOVEMBER, "line", "moves#1"): (
        *("moves", "gone", (-2, -30, -12, 0, 0, 0, 0)),
        ["OrderPlaced moves/3 of 2023-11-03 08:00:00"],
    ),
    (DECEMBER, "line", "moves#1"): (
        *("moves", "added", (2, 30, 12, 0, 0, 0, 0)),
        ["OrderPlaced moves/3 of 2023-11-03 08:00:00"],
    ),
    (NOVEMBER, "line", "leaves#1"): (
        *("leaves", "gone", (-1, -11, -5, 0, 0, 0, 0)),
        ["OrderPlaced leaves/3 of 2023-11-03 08:00:00"],
    ),
    (NOVEMBER, "return", "returned"): (
        *("back", "gone", (0, 0, 0, 0, -1, -49, 0)),
        ["ReturnRecorded returned/2 of 2023-11-02 08:00:00"],
    ),
    (NOVEMBER, "return", "again"): (
        *("back", "added", (0, 0, 0, 0, 2, Decimal("24.5"), 0)),
        ["ReturnRecorded again/1 of 2023-11-01 08:00:00"],
    ),
    (NOVEMBER, "line", "void#1"): (
        *("void", "changed", (0, 0, 0, 25, 0, 0, 0)),
        ["FulfilmentUpdated void/s1 of 2023-12-20 09:00:00"],
    ),
    (NOVEMBER, "line", "costs#1"): ("costs", "changed", (0, 0, 2, 0, 0, 0, 0), [SHOE]),
    (NOVEMBER, "payment", "paid"): (
        *("late", "changed", (0, 0, 0, 0, 0, 0, 15)),
        ["PaymentRecorded paid/2 of 2023-11-02 08:00:00"],
    ),
}
"""By hand: the order, what kind of change, by how much each measure, and the events."""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """November and December, closed before anything else came."""
    server = empty_warehouse(tmp_path_factory.mktemp("closed") / "path")
    try:
        books = Books(clickhouse_connect.get_client(port=server.port), MARTS)
        trade_of_november(books)
        for month, postings in ((NOVEMBER, 8 + 2 + 1), (DECEMBER, 2)):
            done = close(books.client, LIBRARY, month, ZONE, who="ana", now=now())
            assert (done.month, done.postings) == (month, postings)
        books.refresh()
        yield books
        books.client.close()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def later(books: Books) -> Books:
    """The same after all that came later."""
    assert books.told("period_adjustments") == []
    assert at_close(books) == AT_CLOSE
    what_comes_later(books)
    books.refresh()
    return books


def at_close(books: Books, column: str = "at_close") -> dict[date, Amounts]:
    """What the closed months say, a measure beside the other."""
    rows = {(row["month"], row["measure"]): row[column] for row in books.told("closed_periods")}
    months = {month for month, _ in rows}
    return {month: tuple(rows[month, measure] for measure in MEASURES) for month in months}


def adjusted(books: Books) -> dict[date, Amounts]:
    """The sums of the adjustments of each month."""
    found: dict[date, Amounts] = defaultdict(lambda: (Decimal(0),) * len(MEASURES))
    for row in books.told("period_adjustments"):
        amounts = zip(found[row["month"]], (row[name] for name in MEASURES), strict=True)
        found[row["month"]] = tuple(one + other for one, other in amounts)
    return found


def require_that_all_agree(books: Books) -> None:
    """What is known now is what was known at close with the adjustments, and what the months' sales say."""
    known = at_close(books, "now")
    periods: dict[date, Amounts] = defaultdict(lambda: (Decimal(0),) * len(MEASURES))
    for row in books.told("sales_by_period"):
        sums = zip(periods[row["month"]], (row[name] for name in MEASURES), strict=True)
        periods[row["month"]] = tuple(one + other for one, other in sums)
    changes = adjusted(books)
    for month, amounts in at_close(books).items():
        assert known[month] == periods[month]
        assert known[month] == tuple(one + other for one, other in zip(amounts, changes[month], strict=True))
        assert at_close(books, "adjustments")[month] == changes[month]
    books.require_as_worked_out_whole()


def test_each_change_is_told_with_its_amounts_and_what_caused_it(later: Books) -> None:
    """Added, changed or gone; and what changed in nothing that is closed is not there."""
    found = {
        (row["month"], row["kind"], row["id"]): (
            *(row["order_id"], row["change"], tuple(row[name] for name in MEASURES)),
            row["causes"],
        )
        for row in later.told("period_adjustments")
    }
    assert found == ADJUSTMENTS


def test_what_was_known_at_close_never_changes(later: Books) -> None:
    """Nor do others write it anew."""
    assert at_close(later) == AT_CLOSE
    require_that_all_agree(later)
    assert {row["closed_by"] for row in later.told("closed_periods")} == {"ana"}


def test_what_is_undone_is_no_adjustment_any_more(later: Books) -> None:
    """An order that is not cancelled after all, and one that comes back to its month."""
    later.status("void", VOID, "Delivered", version=2)
    order = {"order_id": "leaves", "account": "a1", "channel": "Online", "fx_rate": "1", "line_number": 1}
    later.sell(order | {"ordered_at": "2024-01-05 10:00:00"}, Line(1, "11"), version=4, is_deleted=True)
    later.place("leaves", TENTH, Line(1, "11"), version=5)
    later.refresh()
    left = {(row["month"], row["kind"], row["id"]) for row in later.told("period_adjustments")}
    assert left == ADJUSTMENTS.keys() - {(NOVEMBER, "line", "void#1"), (NOVEMBER, "line", "leaves#1")}
    assert at_close(later) == AT_CLOSE
    require_that_all_agree(later)
