"""Who waits for whom."""

from __future__ import annotations

import asyncio

import pytest

from sinks.warehouse_server.config import Limits
from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.lanes import Lane, Lanes, lane_of
from sinks.warehouse_server.statements import parse


@pytest.mark.parametrize(
    ("sql", "lane"),
    [
        ("INSERT INTO t SELECT 1", Lane.WRITER),
        ("CREATE TABLE t (a Int32) ENGINE = Memory", Lane.WRITER),
        ("OPTIMIZE TABLE t", Lane.WRITER),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", Lane.WRITER),
        ("SELECT * FROM t", Lane.READER),
        ("SELECT * FROM system.parts JOIN t USING name", Lane.READER),
        ("SELECT * FROM system.parts, t", Lane.READER),
        ("SELECT * FROM (SELECT * FROM t)", Lane.READER),
        ("SELECT count() FROM numbers(1000)", Lane.READER),
        ("EXPLAIN SELECT * FROM t", Lane.READER),
        ("SELECT 1", Lane.MONITOR),
        ("SELECT a, b FROM system.parts WHERE c IN (1, 2, 3)", Lane.MONITOR),
        ("SELECT * FROM (SELECT a, b FROM system.parts) WHERE a = 1", Lane.MONITOR),
        ("SHOW TABLES", Lane.MONITOR),
        ("KILL QUERY WHERE query_id = 'x'", Lane.MONITOR),
    ],
)
def test_lanes(sql: str, lane: Lane) -> None:
    """Writers change, monitors look at the server itself, readers read."""
    assert lane_of(parse(b"", sql.encode())) is lane


def test_long_lists_are_classified_quickly() -> None:
    """Linear in the length of the statement."""
    sql = "SELECT * FROM system.parts WHERE a IN (" + ",".join(map(str, range(50_000))) + ")"
    assert lane_of(parse(b"", sql.encode())) is Lane.MONITOR


def test_a_full_lane_says_so_and_leaves_the_others_free() -> None:
    """After waiting in vain: TOO_MANY_SIMULTANEOUS_QUERIES; given back, a place is free again."""

    async def work() -> None:
        lanes = Lanes(Limits(readers=1, writers=1, wait_seconds=0.05))
        async with lanes.place(Lane.READER):
            async with lanes.place(Lane.WRITER):
                pass
            with pytest.raises(ClickHouseError) as caught:
                async with lanes.place(Lane.READER):
                    pass
            assert caught.value.code == 202
        async with lanes.place(Lane.READER):
            pass

    asyncio.run(work())
