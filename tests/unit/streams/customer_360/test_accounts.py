"""The fold by account: what is written, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas.version import CUSTOMER, ORDER_LINE, pack, unpack
from streams.customer_360 import topics
from tests.unit.streams.customer_360.conftest import Worker
from tests.unit.streams.customer_360.facts import line, payment
from tests.unit.streams.customer_360.flow import NOW
from tests.unit.streams.customer_360.world import START, customer, link

Fact = dict[str, Any]
DAY = timedelta(days=1)


def facets(written: list[Fact]) -> list[tuple[str, str, int]]:
    """Which registers were written, in order."""
    return [(record["facet"], record["facet_id"], record["units"]) for record in written]


def version(*parts: int) -> bytes:
    """A version of orders-enriched."""
    structure, registers, clocks, seqs = parts
    return pack((structure, registers, clocks, seqs), ORDER_LINE)


def test_facets_are_written_before_the_summary_that_includes_them(worker: Worker) -> None:
    """Who reads a summary has read its facets."""
    written = worker.put(topics.LINE, line(1, location_id="l1", employee_id="e1"), line(2))
    assert sorted(facets(written[:-1])) == [
        ("category", "Bikes", 4),
        ("employee", "e1", 2),
        ("location", "l1", 2),
        ("product", "p1", 4),
    ]
    assert facets(written[-1:]) == [("summary", "", 4)]
    assert all(record["is_member"] for record in written)


def test_an_account_is_written_once_a_batch(worker: Worker) -> None:
    """A hundred lines of an order are one change of the account."""
    written = worker.put(topics.LINE, *(line(number) for number in range(1, 101)))
    assert facets(written) == [("product", "p1", 200), ("category", "Bikes", 200), ("summary", "", 200)]


def test_only_touched_facets_are_written_again(worker: Worker) -> None:
    """A line of one product says nothing about the others; a payment says nothing about any."""
    worker.put(topics.LINE, line(1), line(2, product_id="p2", product_category=None))
    written = worker.put(topics.LINE, line(3, product_id="p2", product_category=None))
    assert facets(written) == [("product", "p2", 4), ("summary", "", 6)]
    assert facets(worker.put(topics.PAYMENT, payment())) == [("summary", "", 6)]
    paid = line(3, product_id="p2", product_category=None, transaction_id="t1", version=version(1, 9, 0, 0))
    assert facets(worker.put(topics.LINE, paid)) == [("summary", "", 6)]


def test_a_repeated_line_writes_its_facets_again(worker: Worker) -> None:
    """A crash may have come between the changelog and the output."""
    first = worker.put(topics.LINE, line())
    assert worker.put(topics.LINE, line()) == first
    assert worker.successor(0).put(topics.LINE, line()) == first


def test_a_successor_writes_the_facets_before_it_counts_on_them(worker: Worker) -> None:
    """A crash may have come between the changelog and the output, and another topic may come first."""
    written = worker.put(topics.LINE, line())
    successor = worker.successor(0)
    assert facets(successor.put(topics.PAYMENT, payment())) == facets(written)
    assert len(successor.put(topics.PAYMENT, payment(transaction_id="t2"))) == 1  # they are known by now


def test_a_successor_that_sweeps_writes_the_facets_too(worker: Worker) -> None:
    """Its rows must not have the version of all that is known without the favourites that go with it."""
    worker.put(topics.PAYMENT, payment())
    written = worker.put(topics.LINE, line())
    successor = worker.successor(0)
    assert facets(successor.tell(START + 91 * DAY)) == facets(written)


def test_a_line_that_moves_empties_the_facet_that_it_leaves(worker: Worker) -> None:
    """Also when it is said again after a crash, and the facet's register knows that."""
    before = worker.put(topics.LINE, line())
    moved = line(product_id="p2", version=version(2, 1, 0, 0))
    after = worker.put(topics.LINE, moved)
    left = next(record for record in after if record["facet_id"] == "p1")
    assert (left["is_member"], left["units"], left["net"]) == (False, 0, 0)
    assert unpack(left["version"], CUSTOMER) > unpack(before[0]["version"], CUSTOMER)
    again = worker.successor(0).put(topics.LINE, moved)
    assert sorted(map(str, again)) == sorted(map(str, after))


def test_an_outdated_line_changes_no_sum(worker: Worker) -> None:
    """But its facets are written, since they may have been lost, and remembered."""
    worker.put(topics.LINE, line(version=version(2, 1, 0, 0)))
    written = worker.put(topics.LINE, line(product_id="p9", quantity=70))
    assert sorted(facets(written)) == [
        ("category", "Bikes", 2),
        ("product", "p1", 2),
        ("product", "p9", 0),
        ("summary", "", 2),
    ]
    assert sorted(facets(worker.successor(0).put(topics.LINE, line(version=version(2, 1, 0, 0))))) == sorted(
        facets(written)
    )


def test_of_equal_versions_the_last_row_holds(worker: Worker) -> None:
    """As in a table that keeps the last of the highest."""
    worker.put(topics.LINE, line())
    assert worker.put(topics.LINE, line(quantity=7))[-1]["units"] == 7
    assert worker.put(topics.LINE, line())[-1]["units"] == 2


def test_a_row_that_clears_a_sort_key_is_nothing(worker: Worker) -> None:
    """Its registers part is 0; it does not even make an account known."""
    assert worker.put(topics.LINE, line(is_deleted=True, version=version(7, 0, 0, 0))) == []
    worker.put(topics.LINE, line())
    assert worker.put(topics.LINE, line(is_deleted=True, version=version(7, 0, 0, 0))) == []


def test_an_order_is_described_by_its_first_live_line(worker: Worker) -> None:
    """When that line goes, by the next one."""
    first = line(1, order_status="Cancelled", ordered_at=START + DAY)
    summary = worker.put(topics.LINE, line(3, channel="In-Store"), first)[-1]["summary"]
    assert (summary["orders"], summary["cancelled_orders"], summary["online_orders"]) == (1, 1, 1)
    assert summary["first_order_at"] == summary["last_order_at"] == START + DAY
    gone = {**first, "is_deleted": True, "version": version(2, 1, 0, 0)}
    summary = worker.put(topics.LINE, gone)[-1]["summary"]
    assert (summary["orders"], summary["cancelled_orders"], summary["online_orders"]) == (1, 0, 0)
    assert summary["first_order_at"] == START
    gone = {**line(3), "is_deleted": True, "version": version(2, 1, 0, 0)}
    summary = worker.put(topics.LINE, gone)[-1]["summary"]
    assert (summary["orders"], summary["lines"], summary["first_order_at"]) == (0, 0, None)


def test_a_withdrawn_return_is_taken_back(worker: Worker) -> None:
    """Sums are derived from the newest row."""
    back = line(returned_quantity=1, returned_amount=Decimal("4.5"), version=version(1, 2, 0, 0))
    summary = worker.put(topics.LINE, back)[-1]["summary"]
    assert (summary["returned_units"], summary["returned_amount"]) == (1, Decimal("4.5"))
    summary = worker.put(topics.LINE, line(version=version(1, 4, 0, 0)))[-1]["summary"]
    assert (summary["returned_units"], summary["returned_amount"]) == (0, 0)


def test_guests_take_no_part(worker: Worker) -> None:
    """Their lines and payments are read and make no account."""
    assert worker.put(topics.LINE, line(account="guest:o1")) == []
    assert worker.put(topics.PAYMENT, payment(account="guest:o1")) == []
    assert worker.put(topics.CROSSWALK, link("guest:o1", 0, "g")) == []


def test_rows_carry_the_timestamp_of_their_cause(worker: Worker) -> None:
    """So latency can be told; for a window that ends it is that of the clock's record."""
    worker.put(topics.PAYMENT, payment(), payment(transaction_id="t2"))
    assert [record[1] for record in worker.written] == [NOW + 1]
    worker.tell(START + 91 * DAY)
    assert worker.written[-1][1] == worker.clock[-1][1]


def test_a_link_moves_everything_to_the_new_golden_id(worker: Worker) -> None:
    """The old one gets a departure, the new one all facets and then the summary."""
    worker.put(topics.LINE, line(), line(2, product_id="p2", product_category=None))
    written = worker.put(topics.CROSSWALK, link("crm:1", 4, "g1"))
    assert [(record["golden_id"], record["facet"]) for record in written] == [
        ("g1", "product"),
        ("g1", "category"),
        ("g1", "product"),
        ("g1", "summary"),
        ("crm:1", "summary"),
    ]
    assert {record["membership_seq"] for record in written} == {5}
    assert [record["is_member"] for record in written] == [True] * 4 + [False]
    assert [record[2] for record in worker.written[-2:]] == [b"g1", b"crm:1"]


def test_every_golden_id_that_was_left_hears_of_a_new_link(worker: Worker) -> None:
    """Its version counts the register of accounts that have gone."""
    for seq, golden_id in enumerate(("g1", "g2", "g1")):
        written = worker.put(topics.CROSSWALK, link("crm:1", seq, golden_id))
    gone = {record["golden_id"]: record["membership_seq"] for record in written if not record["is_member"]}
    assert gone == {"crm:1": 3, "g2": 3}


@pytest.mark.parametrize(
    ("timezone", "paid", "crossing"),
    [
        ("UTC", datetime(2024, 1, 1, 23, 59, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)),
        # Paid on 2 January in Berlin; the 91st day after begins there at 22:00 UTC, in summer time.
        ("Europe/Berlin", datetime(2024, 1, 1, 23, tzinfo=UTC), datetime(2024, 4, 1, 22, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2024, 1, 1, 22, 59, tzinfo=UTC), datetime(2024, 3, 31, 22, tzinfo=UTC)),
        # Midnight of 6 October 2024 does not exist in Asuncion: the day begins at 01:00.
        ("America/Asuncion", datetime(2024, 7, 7, 12, tzinfo=UTC), datetime(2024, 10, 6, 4, tzinfo=UTC)),
    ],
)
def test_a_payment_leaves_its_window_at_the_first_moment_of_the_91st_day(
    timezone: str, paid: datetime, crossing: datetime
) -> None:
    """Not a microsecond before, only once, and only accounts that it concerns are written."""
    worker = Worker(timezone)
    worker.put(topics.PAYMENT, payment(paid), payment(paid + 30 * DAY, account="crm:2", transaction_id="t2"))
    worker.put(topics.CUSTOMER, customer("crm:3", START, 0, "x"))
    worker.tell(START + timedelta(seconds=1))
    before = worker.tell(crossing - timedelta(microseconds=1))
    after = worker.tell(crossing)
    assert before == []
    assert [(record["account"], record["summary"]["as_of"]) for record in after] == [("crm:1", crossing)]
    assert worker.tell(crossing + DAY) == []


def test_an_order_leaves_the_year_on_the_366th_day(worker: Worker) -> None:
    """It counts while its day is no more than 365 days before the clock's."""
    worker.put(topics.LINE, line())
    worker.tell(START + 365 * DAY + timedelta(hours=23))
    assert worker.put(topics.LINE, line())[-1]["summary"]["orders_last_year"] == 1
    written = worker.tell(START + 366 * DAY)
    assert facets(written) == [("summary", "", 2)]
    assert written[0]["summary"]["orders_last_year"] == 0


def test_a_customer_version_is_shown_from_its_moment_on(worker: Worker) -> None:
    """Before any has begun the earliest is shown."""
    later = [customer("crm:1", START + days * DAY, 0, str(days)) for days in (20, 10)]
    assert worker.put(topics.CUSTOMER, *later)[-1]["summary"]["customer"]["first_name"] == "10"
    assert worker.tell(START) == []
    assert worker.tell(START + 10 * DAY)[-1]["summary"]["customer"]["first_name"] == "10"
    assert worker.tell(START + 20 * DAY - timedelta(microseconds=1)) == []
    assert worker.tell(START + 20 * DAY)[-1]["summary"]["customer"]["first_name"] == "20"


def test_a_successor_sweeps_what_its_predecessor_had_not_written(worker: Worker) -> None:
    """From the last reading that was done with; idle accounts too, and no others."""
    worker.put(topics.PAYMENT, payment(), payment(START + 5 * DAY, account="crm:2", transaction_id="t2"))
    worker.tell(START + 91 * DAY)
    worker.tell(START + 96 * DAY)
    assert [record["account"] for record in worker.successor(corrected=2).take()] == []
    assert [record["account"] for record in worker.successor(corrected=1).take()] == ["crm:2"]
    assert [record["account"] for record in worker.successor(corrected=0).take()] == ["crm:1", "crm:2"]


def test_a_partition_that_comes_back_is_swept_from_its_mark(worker: Worker) -> None:
    """Its last owner may have known an earlier clock than this worker."""
    worker.put(topics.PAYMENT, payment(), payment(START + 99 * DAY, account="crm:2", transaction_id="t2"))
    worker.tell(START)
    worker.tell(START + 95 * DAY)
    worker.tell(START + 96 * DAY)
    worker.fold.correct(worker.accounts.shared.changes_since({topics.CLOCK: 1}))
    assert [record["account"] for record in worker.take()] == ["crm:1"]
    assert worker.tell(START + 189 * DAY) == []
    assert [record["account"] for record in worker.tell(START + 190 * DAY)] == ["crm:2"]


def test_a_successor_goes_on_sweeping(worker: Worker) -> None:
    """Boundaries ahead are found again in the recovered state."""
    worker.put(topics.PAYMENT, payment())
    worker.tell(START)
    successor = worker.successor(corrected=1)
    assert successor.tell(START + 90 * DAY) == []
    assert [record["account"] for record in successor.tell(START + 91 * DAY)] == ["crm:1"]


def test_the_thousandth_order_costs_what_the_second_did(worker: Worker) -> None:
    """Rows and changelog of one more order do not grow with the account."""
    sizes = []
    for number in range(1000):
        before = len(worker.changelog)
        order = f"o{number:04}"
        written = worker.put(topics.LINE, line(order=order, ordered_at=START + number * DAY / 100))
        entries = worker.changelog[before:]
        sizes.append((len(written), sum(len(key) + len(value) for key, value in entries)))
    assert sizes[-1] == sizes[1]
