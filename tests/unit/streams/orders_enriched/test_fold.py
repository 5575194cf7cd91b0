"""The fold of one partition, case by case."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas.version import ORDER_LINE, unpack
from streams.orders_enriched import topics
from tests.unit.streams.orders_enriched.rows import emitted, publish, rows

SECOND = timedelta(seconds=1)


# -- as of


@pytest.mark.parametrize(
    ("starts", "chosen"),
    [
        ((0,), 0),
        ((0, 10), 10),
        ((0, 10, 11), 10),
        ((11,), 11),
        ((12, 11, 20), 11),
        ((-5, 9, 30), 9),
    ],
)
def test_the_version_that_held_at_the_order_is_shown(
    runtime: Any, world: Any, starts: Any, chosen: int
) -> None:
    """The greatest valid_from that is not later than the order; for want of one the earliest."""
    publish(runtime, topics.ORDER, ordered_at=world.at(10), lines=[world.line()])
    for start in starts:
        publish(runtime, topics.PRODUCT, valid_from=world.at(start), name=f"from {start}")
    row = rows(runtime)[1]
    assert (row["product_name"], row["product_valid_from"]) == (f"from {chosen}", world.at(chosen))


@pytest.mark.parametrize(("offset", "name"), [(0, "new"), (1, "old")])
def test_a_version_holds_from_its_first_second_on(runtime: Any, world: Any, offset: int, name: str) -> None:
    """valid_from = ordered_at counts as held; one second later does not."""
    publish(runtime, topics.CUSTOMER, valid_from=world.at(0), company_name="old")
    publish(runtime, topics.CUSTOMER, valid_from=world.at(10) + offset * SECOND, company_name="new")
    publish(runtime, topics.ORDER, ordered_at=world.at(10), lines=[world.line()])
    assert rows(runtime)[1]["customer_company_name"] == name


def test_of_one_start_the_highest_revision_is_shown(runtime: Any, world: Any) -> None:
    """Whichever comes first."""
    publish(runtime, topics.ORDER, employee_id="e1", lines=[world.line()])
    for seq in (2, 3, 1):
        publish(runtime, topics.EMPLOYEE, seq=seq, job_title=f"title {seq}")
    assert rows(runtime)[1]["employee_job_title"] == "title 3"
    structure, registers, clocks, seqs = unpack(rows(runtime)[1]["version"], ORDER_LINE)
    assert (structure, registers, seqs) == (1, 1, 4)
    assert clocks == 2**33 + int(world.at(0).timestamp())


def test_a_location_is_shown_as_store_and_as_territory(runtime: Any, world: Any) -> None:
    """Both roles, each with its own fields, corrected by one change."""
    publish(runtime, topics.ORDER, location_id="l1", territory_id="l2", lines=[world.line()])
    publish(runtime, topics.LOCATION, location_id="l1", city="Oslo", region="North")
    publish(runtime, topics.LOCATION, location_id="l2", country="Norway", region="North")
    row = rows(runtime)[1]
    assert (row["location_city"], row["location_country"]) == ("Oslo", None)
    assert (row["territory_country"], row["territory_region"]) == ("Norway", "North")


def test_guests_have_no_customer(runtime: Any, world: Any) -> None:
    """Their rows are whole but for the customer's block."""
    publish(runtime, topics.ORDER, account="guest:o1", lines=[world.line()])
    row = rows(runtime)[1]
    assert row["account"] == "guest:o1"
    assert not any(value for name, value in row.items() if name.startswith("customer_"))


# -- corrections


def test_a_late_dimension_rewrites_exactly_the_lines_it_changes(runtime: Any, world: Any) -> None:
    """Not the other lines of the order, and not orders of other times."""
    for number, hour in ((1, 10), (2, 20), (3, 30)):
        publish(
            runtime,
            topics.ORDER,
            order_id=f"o{number}",
            ordered_at=world.at(hour),
            lines=[world.line(1), world.line(2, "p2"), world.line(3)],
        )
    publish(runtime, topics.PRODUCT, valid_from=world.at(25))
    assert {(row["order_id"], row["line_number"]) for row in emitted(runtime)[9:]} == {
        (f"o{order}", line) for order in (1, 2, 3) for line in (1, 3)
    }
    publish(runtime, topics.PRODUCT, valid_from=world.at(15))
    assert {(row["order_id"], row["line_number"]) for row in emitted(runtime)} == {
        (f"o{order}", line) for order in (1, 2) for line in (1, 3)
    }
    publish(runtime, topics.PRODUCT, valid_from=world.at(15), seq=0)
    assert emitted(runtime) == []


def test_an_amended_order_is_no_longer_corrected_for_what_it_dropped(runtime: Any, world: Any) -> None:
    """A product, a place and a salesperson that only an old revision names touch nothing."""
    old = {"location_id": "l1", "territory_id": "l1", "employee_id": "e1", "lines": [world.line(1, "p1")]}
    publish(runtime, topics.ORDER, seq=1, **old)
    publish(runtime, topics.ORDER, seq=2, lines=[world.line(1, "p2")])
    emitted(runtime)
    for topic in topics.BROADCAST:
        publish(runtime, topic)
    assert emitted(runtime) == []
    publish(runtime, topics.PRODUCT, product_id="p2")
    assert len(emitted(runtime)) == 1


def test_what_changed_while_the_worker_was_down_is_corrected_at_its_start(runtime: Any, world: Any) -> None:
    """Only what came after the corrections that are known to be written."""
    publish(runtime, topics.ORDER, employee_id="e1", location_id="l1", lines=[world.line()])
    publish(runtime, topics.PRODUCT)
    publish(runtime, topics.LOCATION)
    emitted(runtime)
    runtime.start()
    assert emitted(runtime) == []
    runtime.publish(topics.EMPLOYEE, world.event(topics.EMPLOYEE, job_title="Head"))
    runtime.read[topics.EMPLOYEE] += 1  # read by the new process before its state
    runtime.start()
    (row,) = emitted(runtime)
    assert (row["employee_job_title"], row["product_name"], row["location_name"]) == ("Head", "Bike", "Shop")


def test_rows_bear_the_time_of_what_caused_them(runtime: Any, world: Any) -> None:
    """So that latency can be told: the order's, then the payment's, then the dimension's."""
    causes = [topics.ORDER, topics.PAYMENT, topics.RETURN, topics.CUSTOMER, topics.PRODUCT]
    for number, topic in enumerate(causes):
        fields = {"lines": [world.line()]} if topic == topics.ORDER else {}
        runtime.publish(topic, world.event(topic, **fields), world.NOW_MS + number)
        runtime.run()
    assert [timestamp - world.NOW_MS for _, _, timestamp in runtime.rows] == [0, 1, 2, 3, 4]


# -- amended orders


def test_a_dropped_line_is_deleted_and_keeps_what_it_was(runtime: Any, world: Any) -> None:
    """Its tombstone is taken from the highest revision that had it, and knows more than the row before."""
    publish(runtime, topics.ORDER, seq=1, channel="A", lines=[world.line(1), world.line(2)])
    publish(runtime, topics.ORDER, seq=2, channel="B", lines=[world.line(1), world.line(2, quantity=5)])
    publish(runtime, topics.PAYMENT, seq=6)
    publish(runtime, topics.ORDER, seq=3, channel="C", lines=[world.line(1)])
    live, dead = rows(runtime)[1], rows(runtime)[2]
    assert (live["channel"], live["is_deleted"]) == ("C", False)
    assert (dead["channel"], dead["quantity"], dead["is_deleted"]) == ("B", 5, True)
    assert dead["transaction_id"] is None
    assert unpack(dead["version"], ORDER_LINE) == (3, 1 + 7, 0, 0)


def test_a_line_that_comes_back_lives(runtime: Any, world: Any) -> None:
    """The highest revision decides, in whatever order they arrive."""
    publish(runtime, topics.ORDER, seq=3, lines=[world.line(1)])
    publish(runtime, topics.ORDER, seq=2, lines=[])
    publish(runtime, topics.ORDER, seq=1, lines=[world.line(1)])
    assert not rows(runtime)[1]["is_deleted"]


def test_a_moved_order_clears_its_old_day(runtime: Any, world: Any) -> None:
    """The old sort key gets a tombstone that readers by order and line can tell apart: registers 0."""
    publish(runtime, topics.ORDER, seq=1, ordered_at=world.at(1), lines=[world.line(1), world.line(2)])
    publish(runtime, topics.PAYMENT)
    publish(runtime, topics.ORDER, seq=2, ordered_at=world.at(30), lines=[world.line(1)])
    newest = runtime.newest()
    day, next_day = world.at(1).date(), world.at(30).date()
    assert not newest["o1", next_day, 1]["is_deleted"]
    moved, gone = newest["o1", day, 1], newest["o1", day, 2]
    assert (moved["is_deleted"], unpack(moved["version"], ORDER_LINE)) == (True, (2, 0, 0, 0))
    assert (gone["is_deleted"], unpack(gone["version"], ORDER_LINE)) == (True, (2, 3, 0, 0))


def test_an_order_without_lines_has_no_rows(runtime: Any, world: Any) -> None:
    """An empty array of lines is right, and so is dropping them all."""
    publish(runtime, topics.ORDER, seq=1, lines=[])
    assert rows(runtime) == {}
    publish(runtime, topics.ORDER, seq=2, lines=[world.line(1)])
    publish(runtime, topics.ORDER, seq=3, lines=[])
    assert rows(runtime)[1]["is_deleted"]


# -- payments, fulfilments, returns


def test_the_latest_payment_is_shown_and_all_count_in_the_version(runtime: Any, world: Any) -> None:
    """Greatest by time, then by id as text: 9 after 10, though it is shorter."""
    publish(runtime, topics.ORDER, lines=[world.line()])
    publish(runtime, topics.PAYMENT, transaction_id="t9", transaction_at=world.at(5))
    publish(runtime, topics.PAYMENT, transaction_id="t10", transaction_at=world.at(5))
    publish(runtime, topics.PAYMENT, transaction_id="t11", transaction_at=world.at(4), seq=9)
    row = rows(runtime)[1]
    assert row["transaction_id"] == "t9"
    assert unpack(row["version"], ORDER_LINE)[1] == 1 + 2 + 2 + 10


def test_a_payment_that_falls_back_in_time_gives_way(runtime: Any, world: Any) -> None:
    """A new revision may make another payment the latest one."""
    publish(runtime, topics.ORDER, lines=[world.line()])
    publish(runtime, topics.PAYMENT, transaction_id="a", transaction_at=world.at(5))
    publish(runtime, topics.PAYMENT, transaction_id="b", transaction_at=world.at(6))
    publish(runtime, topics.PAYMENT, transaction_id="b", transaction_at=world.at(1), seq=2)
    assert rows(runtime)[1]["transaction_id"] == "a"


def test_a_withdrawn_return_counts_only_in_the_version(runtime: Any, world: Any) -> None:
    """Quantity 0 takes a return back; its amount and time count no more."""
    publish(runtime, topics.ORDER, lines=[world.line(1), world.line(2)])
    publish(runtime, topics.RETURN, quantity=2, amount=Decimal("5.0001"), fx_rate=Decimal("0.5"))
    emitted(runtime)
    publish(runtime, topics.RETURN, return_id="r2", amount=Decimal("-0.0001"), fx_rate=Decimal("0.5"))
    (row,) = emitted(runtime)
    assert (row["returned_quantity"], row["return_count"]) == (3, 2)
    assert row["returned_amount"] == Decimal("2.5001") - Decimal("0.0001")
    assert row["last_returned_at"] == world.at(3)
    for identity in ("r1", "r2"):
        publish(runtime, topics.RETURN, return_id=identity, quantity=0, seq=2)
    row = emitted(runtime)[-1]
    assert (row["returned_quantity"], row["return_count"]) == (0, 0)
    assert (row["returned_amount"], row["last_returned_at"]) == (Decimal("0"), None)
    assert unpack(row["version"], ORDER_LINE)[1] == 1 + 3 + 3


def test_facts_that_come_before_their_order_wait_for_it(runtime: Any, world: Any) -> None:
    """Nothing is written until the order is known, then everything at once."""
    for topic in (topics.RETURN, topics.FULFILMENT, topics.PAYMENT, topics.CUSTOMER):
        publish(runtime, topic)
    assert runtime.rows == []
    publish(runtime, topics.ORDER, lines=[world.line()])
    (row,) = emitted(runtime)
    shown = (row["transaction_id"], row["fulfilment_id"], row["return_count"], row["customer_golden_id"])
    assert shown == ("t1", "f1", 1, "g1")


# -- emissions


def test_emissions_keep_to_the_limit(world: Any) -> None:
    """Rows and changelog entries come in bounded pieces; an order is never torn."""
    app = world.application()
    fold = app.fold(0, app.shared)
    events = [
        world.event(topics.ORDER, order_id=f"o{n}", lines=[world.line(1), world.line(2)]) for n in range(20)
    ]
    assert fold.take(10) is None
    records = [world.record(topics.ORDER, value, n) for n, value in enumerate(events)]
    assert list(fold.fold(topics.ORDER, records)) == []
    sizes, entries = [], 0
    while (emission := fold.take(5)) is not None:
        sizes.append(sum(len(output.rows) for output in emission.outputs if output.topic == topics.ENRICHED))
        entries += len(emission.changelog)
        assert len(emission.changelog) <= 5
    assert (sum(sizes), max(sizes), entries) == (40, 6, 20)
    assert fold.take(5) is None


def test_repeats_are_written_again_and_not_logged_again(runtime: Any, world: Any) -> None:
    """A crash may have left the changelog written and the rows not."""
    for topic in topics.INPUTS:
        publish(runtime, topic, **({"lines": [world.line()]} if topic == topics.ORDER else {}))
    emitted(runtime)
    entries = dict(runtime.changelog)
    for topic in topics.INPUTS:
        publish(runtime, topic, **({"lines": [world.line()]} if topic == topics.ORDER else {}))
        assert len(emitted(runtime)) == 1
    assert runtime.changelog == entries
    assert len(entries) == len(topics.INPUTS)


def test_recovery_in_pieces_gives_the_same_rows(runtime: Any, world: Any) -> None:
    """And loses nothing that is known but not yet written."""
    for topic in topics.INPUTS:
        publish(runtime, topic, **({"lines": [world.line()]} if topic == topics.ORDER else {}))
    expected = rows(runtime)
    fold = runtime._app.fold(world.PARTITION, runtime.shared)
    late = world.record(topics.PAYMENT, world.event(topics.PAYMENT, seq=8))
    list(fold.fold(topics.PAYMENT, [late]))
    for entry in runtime.changelog.items():
        fold.recover([entry])
    emission = fold.take(100)
    assert [key[:1] for key, _ in emission.changelog] == [b"P"]
    value = emission.outputs[0].rows[-1][1]
    assert unpack(world.row(value)["version"], ORDER_LINE)[1] == (
        unpack(expected[1]["version"], ORDER_LINE)[1] + 7
    )


# -- sizes


@pytest.mark.parametrize("length", [63, 64, 127, 128, 8191, 8192, 70_000])
def test_texts_of_any_length_are_passed_on(runtime: Any, world: Any, length: int) -> None:
    """Ids, texts and personal fields, in the order, its lines, its facts and its dimensions."""
    long = "ü" + "x" * (length - 2)
    publish(
        runtime,
        topics.ORDER,
        order_id=long,
        account=f"shop:{long}",
        shipping_address=long,
        location_id=long,
        lines=[world.line(1, long), world.line(2)],
    )
    publish(runtime, topics.PRODUCT, product_id=long, name=long)
    publish(runtime, topics.LOCATION, location_id=long, name=long)
    publish(runtime, topics.PAYMENT, order_id=long, transaction_id=long, account=f"shop:{long}")
    publish(runtime, topics.RETURN, order_id=long, return_id=long, account=f"shop:{long}")
    publish(runtime, topics.CUSTOMER, account=f"shop:{long}", golden_id=long)
    row = rows(runtime)[1]
    names = ("order_id", "shipping_address", "product_name", "location_name", "transaction_id")
    assert {row[name] for name in (*names, "customer_golden_id")} == {long}
    assert row["return_count"] == 1
    assert runtime.parked == set()
    runtime.start()
    publish(runtime, topics.FULFILMENT, order_id=long, account=f"shop:{long}")
    assert rows(runtime)[1]["transaction_id"] == long


def test_an_order_of_a_hundred_lines_is_whole(runtime: Any, world: Any) -> None:
    """More than 63 lines need two bytes for their number."""
    publish(runtime, topics.ORDER, lines=[world.line(n, f"p{n}", n) for n in range(1, 101)])
    publish(runtime, topics.PRODUCT, product_id="p77", name="seventy-seven")
    newest = rows(runtime)
    assert [row["quantity"] for _, row in sorted(newest.items())] == list(range(1, 101))
    assert newest[77]["product_name"] == "seventy-seven"


def test_revisions_may_be_counted_in_microseconds(runtime: Any, world: Any) -> None:
    """Near 2^59 and beyond what a sum of 64 bits holds: the version never falls."""
    seq = 2**59 - 1
    publish(runtime, topics.ORDER, seq=seq, lines=[world.line()])
    before = 0
    for number in range(40):
        publish(runtime, topics.PAYMENT, transaction_id=f"t{number}", seq=seq + number)
        structure, registers, _, _ = unpack(emitted(runtime)[-1]["version"], ORDER_LINE)
        assert structure == seq
        assert registers == min(before + 1 + seq + number + (number == 0), 2**64 - 1)
        before = registers
