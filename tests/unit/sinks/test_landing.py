"""Blocks: one token each, and a row that cannot be read stands alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.kernel.holding import Holding
from sinks.clickhouse.tables import Table
from sinks.dead_letters import Refused
from sinks.intake import Intake
from sinks.landing import EventLane
from sinks.memory import MemoryWarehouse
from sinks.port import RowsRefusedError
from sinks.record import Record
from tests.unit.sinks.samples import MESH, ORDERS, PRODUCTS, SCHEMA_ID, block, codecs, read

TABLE = Table(PRODUCTS)
ENRICHED = MESH.port("sales.public.orders-enriched.v1")
SAMPLE = read(PRODUCTS)
ROW = read(ENRICHED, account="shop:1")[3] or b""


class Picky(MemoryWarehouse):
    """Refuses every block that holds one of ``unreadable`` offsets; counts the inserts that were tried."""

    def __init__(self, unreadable: set[int]) -> None:
        super().__init__()
        self.unreadable = unreadable
        self.tried: list[str] = []

    def _insert(self, table: str, rows: list[dict[str, Any]], token: str) -> None:
        self.tried.append(token)
        if self.unreadable & {row["_offset"] for row in rows}:
            raise RowsRefusedError("no")
        super()._insert(table, rows, token)


def product(offset: int, value: bytes | None = None) -> Record:
    """A record of the product topic."""
    _, moment, key, right, headers = SAMPLE
    return offset, moment, key, right if value is None else value, headers


def places(parked: list[Refused]) -> list[tuple[int, str]]:
    """Offset and code of each."""
    return [(one.record[0], one.refusal.code) for one in parked]


def lane(warehouse: MemoryWarehouse) -> EventLane:
    """The lane of products."""
    return EventLane(TABLE, Intake(PRODUCTS, SCHEMA_ID, codecs()), warehouse)


def test_a_block_is_one_insert() -> None:
    """With every partition in it."""
    warehouse = MemoryWarehouse()
    parked = lane(warehouse).land(block(PRODUCTS, [product(3), product(4)], [product(9)]))
    assert parked == []
    assert warehouse.tokens == [f"{PRODUCTS.topic}:0:3-4,1:9-9:3"]
    found = [(row["_partition"], row["_offset"]) for row in warehouse.tables[TABLE.landing]]
    assert found == [(0, 3), (0, 4), (1, 9)]


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 40), data=st.data())
def test_exactly_the_unreadable_rows_are_parked(size: int, data: st.DataObject) -> None:
    """Whichever they are; the others land once, in few inserts."""
    unreadable = data.draw(st.sets(st.integers(0, size - 1), max_size=4))
    warehouse = Picky(unreadable)
    parked = lane(warehouse).land(block(PRODUCTS, map(product, range(size))))
    assert places(parked) == [(offset, "warehouse-refused") for offset in sorted(unreadable)]
    landed = [row["_offset"] for row in warehouse.tables.get(TABLE.landing, [])]
    assert sorted(landed) == sorted(set(range(size)) - unreadable)
    assert len(set(warehouse.tried)) == len(warehouse.tried)
    assert len(warehouse.tried) <= 1 + 2 * len(unreadable) * (size.bit_length() + 1)


def test_the_same_block_again_changes_nothing() -> None:
    """As after a crash before the commit, halved or not."""
    warehouse = Picky({5})
    land = lane(warehouse).land
    first, again = (land(block(PRODUCTS, map(product, range(9)))) for _ in range(2))
    assert places(first) == places(again) == [(5, "warehouse-refused")]
    assert len(warehouse.tables[TABLE.landing]) == 8


def test_what_intake_refuses_is_parked_and_the_rest_lands() -> None:
    """And a block of nothing but poison is no insert at all."""
    warehouse = MemoryWarehouse()
    land = lane(warehouse).land
    parked = land(block(PRODUCTS, [product(0), product(1, b"poison"), product(2)]))
    assert places(parked) == [(1, "undecodable")]
    assert [row["_offset"] for row in warehouse.tables[TABLE.landing]] == [0, 2]
    assert len(land(block(PRODUCTS, [product(3, b"")]))) == 1
    assert len(warehouse.tokens) == 1


def test_later_records_of_a_key_wait_behind_an_invalid_one() -> None:
    """Within a block and in the next, by partition; other keys land."""
    warehouse = MemoryWarehouse()
    orders = EventLane(Table(ORDERS), Intake(ORDERS, SCHEMA_ID, codecs()), warehouse)
    orders.holdings = {0: Holding(0), 1: Holding(1)}
    times = {"occurred_at": datetime(2023, 1, 1, tzinfo=UTC)}

    def order(offset: int, account: str, **given: Any) -> Record:
        return read(ORDERS, offset=offset, account=account, **given, **times)

    first = [order(0, "a"), order(1, "a", value=b"poison"), order(2, "b"), order(3, "a")]
    parked = orders.land(block(ORDERS, first, [order(3, "a")]))
    parked += orders.land(block(ORDERS, [order(4, "a"), order(5, "b")]))
    assert places(parked) == [(1, "undecodable"), (3, "waiting-behind"), (4, "waiting-behind")]
    landed = warehouse.tables[Table(ORDERS).landing]
    assert [(row["_partition"], row["_offset"]) for row in landed] == [(0, 0), (0, 2), (1, 3), (0, 5)]


def row(offset: int, value: bytes | None = None) -> Record:
    """A row of the stream of enriched order lines."""
    return read(ENRICHED, offset=offset, value=value, account="shop:1")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_row_of_a_stream_is_parked_alone(data: st.DataObject) -> None:
    """It is not walked before, but the warehouse finds where it ends; no other row is read amiss."""
    warehouse = MemoryWarehouse()
    size = data.draw(st.integers(2, 6))
    damaged = {}
    for place in data.draw(st.sets(st.integers(0, size - 1), min_size=1)):
        cut = data.draw(st.integers(40, len(ROW) - 2))
        damaged[place] = data.draw(st.sampled_from([ROW[:cut], ROW + ROW[cut:], ROW[:cut] + b"\0"]))
    land = EventLane(Table(ENRICHED), Intake(ENRICHED, SCHEMA_ID, codecs()), warehouse).land
    parked = land(block(ENRICHED, [row(n, damaged.get(n)) for n in range(size)]))
    assert places(parked) == [(n, "undecodable") for n in sorted(damaged)]
    landed = warehouse.tables.get(Table(ENRICHED).landing, [])
    assert [(found["_offset"], found["account"]) for found in landed] == [
        (n, "shop:1") for n in range(size) if n not in damaged
    ]


def test_rows_of_a_stream_are_one_insert_without_a_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk is what they would cost most."""
    warehouse = MemoryWarehouse()
    intake = Intake(ENRICHED, SCHEMA_ID, codecs())
    monkeypatch.setattr(intake, "admit", lambda *_: pytest.fail("was walked"))
    assert EventLane(Table(ENRICHED), intake, warehouse).land(block(ENRICHED, [row(0), row(1)])) == []
    assert len(warehouse.tokens) == 1
