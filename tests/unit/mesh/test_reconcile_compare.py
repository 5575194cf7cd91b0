"""Comparing tables, versions, days and totals: each fault has a sample that must be found."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from mesh.reconcile.compare import compare
from mesh.reconcile.days import first_moments
from mesh.reconcile.domain_tables import domain_table
from mesh.reconcile.partitions import Partition
from mesh.reconcile.show import shown
from mesh.reconcile.totals import Total, landed_totals
from mesh.reconcile.version import pack, unpack
from mesh.reconcile.warehouse import flat
from tests.unit.mesh.reconcile_cases import DAY, at, facts, order, product

TABLE = pl.DataFrame({"id": [1, 2, 3], "name": [b"a", None, b"c"], "list": [[1, None], [], [3]]})


def figures(landed: pl.DataFrame) -> tuple[int, int, int]:
    """Missing, unexpected and different rows."""
    found = compare("t", ("id",), TABLE, landed)
    return found.missing, found.unexpected, found.different


def test_equal_tables_have_no_finding() -> None:
    """The order of rows and of columns does not matter; null equals null."""
    found = compare("t", ("id",), TABLE, TABLE.reverse().select("list", "name", "id"))
    assert found.equal
    assert (found.expected, found.landed, found.findings) == (3, 3, ())


def test_deleted_row_is_missing() -> None:
    """A row that is not there."""
    assert figures(TABLE.head(2)) == (1, 0, 0)


def test_strange_row_is_unexpected() -> None:
    """A key that no fact gives."""
    strange = pl.DataFrame({"id": [9], "name": [b"z"], "list": [[1]]})
    assert figures(pl.concat([TABLE, strange])) == (0, 1, 0)


def test_doubled_row_is_unexpected() -> None:
    """The same key twice, even with the same values."""
    assert figures(pl.concat([TABLE, TABLE.head(1)])) == (0, 1, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        pl.when(pl.col("id") == 2).then(pl.lit(b"x")).otherwise("name").alias("name"),
        pl.when(pl.col("id") == 1).then(None).otherwise("name").alias("name"),
        pl.when(pl.col("id") == 3).then([4]).otherwise("list").alias("list"),
        pl.when(pl.col("id") == 1).then([1, 2]).otherwise("list").alias("list"),
    ],
)
def test_other_value_is_different(wrong: pl.Expr) -> None:
    """A value for null, null for a value, another element, an element for null."""
    assert figures(TABLE.with_columns(wrong)) == (0, 0, 1)


def test_two_wrong_columns_are_one_wrong_row() -> None:
    """Rows are counted, and every column is told."""
    found = compare("t", ("id",), TABLE, TABLE.with_columns(name=b"x", list=[9]))
    assert found.different == 3
    assert {finding.column for finding in found.findings} == {"name", "list"}
    first = found.findings[0]
    assert (first.key, first.expected, first.landed) == ((1,), b"a", b"x")


def test_slices_hold_every_order_once() -> None:
    """Dealing facts out loses none and doubles none; dimensions are in every slice."""
    known = facts(OrderPlaced=[order(f"o{n}", at(1)) for n in range(50)], ProductDescribed=[product("p", 0)])
    slices = list(known.slices(3))
    dealt = [name for one in slices for name in one.newest["OrderPlaced"]["order_id"]]
    assert sorted(dealt) == sorted(known.newest["OrderPlaced"]["order_id"])
    assert all(0 < one.newest["OrderPlaced"].height < 50 for one in slices)
    assert all(one.newest["ProductDescribed"].height == 1 for one in slices)


def test_highest_revision_holds_and_of_one_revision_the_first() -> None:
    """Rule 1: seq decides, then the lowest offset."""
    versions = [
        product("p", 0, seq=2, sku="first"),
        product("p", 0, seq=2, sku="late"),
        product("p", 0, seq=1),
    ]
    known = facts(ProductDescribed=versions)
    assert known.newest["ProductDescribed"]["sku"].to_list() == ["first"]


def test_clock_counts_every_revision_of_sales_facts_and_nothing_else() -> None:
    """Rule 4: a lower revision moves the clock, a product does not."""
    placed = [order("o", 0, seq=0, occurred_at=at(9)), order("o", 0, seq=1, occurred_at=at(3))]
    assert facts(OrderPlaced=placed, ProductDescribed=[product("p", 0, occurred_at=at(20))]).clock == at(9)


def test_mastering_is_one_to_one() -> None:
    """Rule 22: the view has every version, the crosswalk one row an account with revision 0."""
    records = [{"account": "a", "valid_from": at(day), "seq": 5, "source": str(day)} for day in (3, 1)]
    known = facts(CustomerRecorded=records)
    ports = find_mesh(Settings(home="nowhere")).ports
    view = domain_table(ports["customer.public.customer.v1"], known)
    crosswalk = domain_table(ports["customer.public.crosswalk.v1"], known)
    assert view is not None
    assert crosswalk is not None
    assert view.select("golden_id", "seq").rows() == [("a", 5), ("a", 5)]
    assert crosswalk.select("account", "golden_id", "seq", "source").rows() == [("a", "a", 0, "3")]


def test_versions_are_packed_most_significant_first() -> None:
    """Structure outweighs all else, in little-endian bytes; parts come back as they were."""
    widths = (40, 88, 56, 72)
    low, high = pack((1, 2**88 - 1, 2**56 - 1, 2**72 - 1), widths), pack((2, 0, 0, 0), widths)
    assert int.from_bytes(low, "little") + 1 == int.from_bytes(high, "little")
    assert unpack(low, widths) == (1, 2**88 - 1, 2**56 - 1, 2**72 - 1)


@pytest.mark.parametrize(
    ("day", "timezone", "hours"),
    [
        (date(2024, 3, 31), "Europe/Berlin", -1),
        (date(2024, 4, 1), "Europe/Berlin", -2),
        # clocks went from 24:00 of the 5th to 01:00 of the 6th: the day began at 05:00 UTC
        (date(2022, 9, 11), "America/Santiago", 4),
        # clocks went from 01:00 back to 00:00: the first of two midnights
        (date(2024, 11, 3), "America/Havana", 4),
    ],
)
def test_first_moment_of_a_day(day: date, timezone: str, hours: int) -> None:
    """Midnight where there is one; else the moment that clocks skip it."""
    utc = (day - date(1970, 1, 1)).days * DAY
    assert first_moments(pl.Series([day, None]), timezone).to_list() == [utc + hours * 3_600_000_000, None]


def test_lists_of_records_become_a_list_a_field() -> None:
    """Nested values are compared field by field."""
    frame = pl.DataFrame({"id": ["o"], "lines": [[{"n": 1, "t": None}, {"n": 2, "t": "x"}]]})
    assert flat(frame).to_dicts() == [{"id": b"o", "lines.n": [1, 2], "lines.t": [None, b"x"]}]


def test_personal_values_are_not_shown() -> None:
    """A finding tells that a name differs, not the name; money and versions read as people write them."""
    ports = find_mesh(Settings(home="nowhere")).ports
    customers, lines = ports["customer.public.customer.v1"], ports["sales.public.orders-enriched.v1"]
    assert shown(customers, "first_name", b"Ada") == "(personal)"
    assert shown(customers, "city", b"Kiel") == "Kiel"
    assert shown(lines, "net_amount", -5) == "-0.0005"
    assert shown(lines, "margin", 12_500) == "1.2500"
    assert shown(lines, "version", pack((1, 2, 3, 4), (64,) * 4)) == "1.2.3.4"
    assert shown(lines, "ordered_at", 0) == "1970-01-01T00:00:00+00:00"


class _Warehouse:
    """Answers every SELECT with the same figures."""

    def figures(self, sql: str) -> dict[str, Any]:
        return {"net": Decimal("1.5"), "tax": Decimal("1.50001"), "lines": 3}


@pytest.mark.parametrize(
    ("name", "source", "published", "landed", "equal"),
    [
        ("net", "1.5000", "1.5000", "1.5000", True),
        ("net", "1.5000", "1.5001", "1.5000", False),
        ("tax", "1.5000", None, "1.50001", False),
        ("lines", "3", None, "3", True),
        ("lines", "4", None, "3", False),
        ("units", "4", None, "absent", False),
    ],
)
def test_totals_are_equal_to_the_last_digit(
    name: str, source: str, published: str | None, landed: str, equal: bool
) -> None:
    """Last zeros are written, digits beyond the source's are never dropped."""

    class Given:
        landed_sql = "SELECT"

        def __init__(self) -> None:
            self.name, self.source_value, self.published_value = name, source, published

    [total] = landed_totals([Given()], _Warehouse())  # type: ignore[arg-type, list-item]
    assert total == Total(name, source, published, landed)
    assert total.equal is equal


def test_missing_is_what_neither_landed_nor_was_parked() -> None:
    """Ten produced, eight landed, one parked: one is missing."""
    assert Partition("t", 0, 10, 8, 1).missing == 1
