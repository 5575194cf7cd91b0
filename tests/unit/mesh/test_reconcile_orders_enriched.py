"""orders_enriched by the oracle, against rows worked out by hand from the rules."""

from __future__ import annotations

from mesh.reconcile.orders_enriched import gone_lines, order_lines
from tests.unit.mesh.reconcile_cases import DAY, SECOND, at, facts, line, order, product

PIVOT = 2**33


def seconds(day: int) -> int:
    """A moment of :func:`at` in seconds."""
    return at(day) // SECOND


def test_version_that_starts_at_the_orders_time_is_chosen() -> None:
    """valid_from <= ordered_at: the boundary itself counts, a second later does not (rule 6)."""
    versions = [product("p", at(1), sku="old"), product("p", at(5), sku="new"), product("p", at(5) + SECOND)]
    [row] = order_lines(facts(OrderPlaced=[order("o", at(5))], ProductDescribed=versions)).to_dicts()
    assert (row["product_sku"], row["product_valid_from"]) == ("new", at(5))
    assert (row["clocks"], row["seqs"]) == (PIVOT + seconds(5), 1)


def test_earliest_version_stands_in_before_any_holds() -> None:
    """No version is old enough: the earliest is shown, and its clock lies below the pivot (rules 6 and 9)."""
    versions = [product("p", at(9), seq=4, sku="later"), product("p", at(8), seq=2, sku="first")]
    [row] = order_lines(facts(OrderPlaced=[order("o", at(5))], ProductDescribed=versions)).to_dicts()
    assert row["product_sku"] == "first"
    assert (row["clocks"], row["seqs"]) == (PIVOT - seconds(8), 3)


def test_unknown_dimension_is_null_and_adds_nothing() -> None:
    """A line whose product nobody has described has an empty block."""
    [row] = order_lines(facts(OrderPlaced=[order("o", at(5), seq=7)])).to_dicts()
    assert row["product_sku"] is None
    assert row["cost"] is None
    assert (row["structure"], row["registers"], row["clocks"], row["seqs"]) == (7, 1, 0, 0)


def test_tied_payments_are_decided_by_id() -> None:
    """Of payments of one moment the greatest id (bytes) is shown; all count in the version (rules 7, 9)."""
    payments = [
        {"transaction_id": name, "order_id": "o", "transaction_at": at(6), "seq": seq}
        for name, seq in (("t9", 0), ("tä", 1), ("t10", 5))
    ]
    earlier = {"transaction_id": "zz", "order_id": "o", "transaction_at": at(5), "seq": 0}
    known = facts(OrderPlaced=[order("o", at(5))], PaymentRecorded=[*payments, earlier])
    [row] = order_lines(known).to_dicts()
    assert row["transaction_id"] == "tä"
    assert row["registers"] == 1 + (1 + 2 + 6 + 1)


def test_newest_revision_of_a_payment_counts_alone() -> None:
    """A payment's lower revision neither shows nor counts."""
    payments = [
        {
            "transaction_id": "t",
            "order_id": "o",
            "transaction_at": at(9),
            "transaction_status": "pending",
            "seq": 3,
        },
        {
            "transaction_id": "t",
            "order_id": "o",
            "transaction_at": at(6),
            "transaction_status": "completed",
            "seq": 8,
        },
    ]
    [row] = order_lines(facts(OrderPlaced=[order("o", at(5))], PaymentRecorded=payments)).to_dicts()
    assert (row["transaction_status"], row["registers"]) == ("completed", 1 + 9)


def test_withdrawn_return_counts_in_the_version_only() -> None:
    """Quantity 0: not in units, count, amount or time (rule 8)."""
    returns = [
        {
            "return_id": "r1",
            "order_id": "o",
            "line_number": 1,
            "quantity": 2,
            "amount": 10_000,
            "returned_at": at(7),
        },
        {
            "return_id": "r2",
            "order_id": "o",
            "line_number": 1,
            "quantity": 0,
            "amount": 90_000,
            "returned_at": at(8),
        },
        {
            "return_id": "r3",
            "order_id": "o",
            "line_number": 2,
            "quantity": 1,
            "amount": 50_000,
            "returned_at": at(9),
        },
    ]
    [row] = order_lines(facts(OrderPlaced=[order("o", at(5))], ReturnRecorded=returns)).to_dicts()
    assert (row["returned_quantity"], row["return_count"]) == (2, 1)
    assert (row["returned_amount"], row["last_returned_at"]) == (10_000, at(7))
    assert row["registers"] == 1 + 1 + 1


def test_amounts_are_rounded_half_away_from_zero() -> None:
    """0.0001 at 0.5 is 0.0001, and below zero the mirror image (rule 11)."""
    lines = [line(1, gross=1, net=-1), line(2, gross=3, net=2)]
    rows = order_lines(facts(OrderPlaced=[order("o", at(5), lines=lines, fx_rate=50_000_000)])).sort(
        "line_number"
    )
    assert rows.select("gross", "net", "discount").rows() == [(1, -1, 2), (2, 1, 1)]


def test_amended_order_replaces_its_lines() -> None:
    """Line 2 is gone: no live row, and a dead one from the last revision that had it (rules 5 and 10)."""
    first = order("o", at(5), seq=1, lines=[line(1), line(2)])
    second = order("o", at(6), seq=4, lines=[line(1), line(2), line(3)])
    third = order("o", at(6), seq=9, lines=[line(3)])
    payments = [{"transaction_id": "t", "order_id": "o", "transaction_at": at(6), "seq": 2}]
    known = facts(OrderPlaced=[third, first, second], PaymentRecorded=payments)
    assert order_lines(known).select("line_number", "structure").rows() == [(3, 9)]
    gone = gone_lines(known).sort("line_number")
    parts = gone.select("line_number", "ordered_at", "structure", "registers", "clocks", "seqs")
    assert parts.rows() == [(1, at(6), 9, 1 + 3, 0, 0), (2, at(6), 9, 1 + 3, 0, 0)]


def test_moved_order_has_one_live_row_on_its_new_day() -> None:
    """An amended order date moves the line; the old day's tombstone is no line that is gone."""
    known = facts(OrderPlaced=[order("o", at(5), seq=0), order("o", at(6), seq=1)])
    assert order_lines(known).select("order_id", "ordered_at").rows() == [("o", at(6))]
    assert gone_lines(known).height == 0


def test_sums_of_large_revisions_do_not_overflow() -> None:
    """Revisions numbered up to 2^60: a sum beyond 64 bits is kept whole."""
    huge = 2**60 - 1
    payments = [
        {"transaction_id": f"t{number}", "order_id": "o", "transaction_at": at(6), "seq": huge}
        for number in range(20)
    ]
    [row] = order_lines(facts(OrderPlaced=[order("o", at(5))], PaymentRecorded=payments)).to_dicts()
    assert row["registers"] == 1 + 20 * 2**60


def test_age_counts_birthdays_that_have_been() -> None:
    """On the eve of a birthday one is still a year younger (rule 12)."""
    people = [{"account": name, "valid_from": 0, "birth_date": b"1990-03-10"} for name in ("a", "b")]
    placed = [order("o1", 68 * DAY, account="a"), order("o2", 67 * DAY, account="b")]
    rows = order_lines(facts(OrderPlaced=placed, CustomerRecorded=people)).sort("order_id")
    assert rows["customer_age"].to_list() == [-20, -21]
