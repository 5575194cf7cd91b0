"""Marks: how far each table had landed, by partition, when a mart was last worked out.

A partition lands in the order of its offsets, so whatever stands behind a mark has landed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Marks = dict[str, dict[int, int]]
"""The last offset by partition, by the view of the table."""


def read_marks(client: Client, tables: Mapping[str, str], before: Marks | None = None) -> Marks:
    """The marks of views, each with its table; of those that have earlier ones only newer rows are read."""
    found: Marks = {}
    for view, table in tables.items():
        known = (before or {}).get(view, {})
        rows = client.query(
            f"SELECT _partition, max(_offset) FROM {table} WHERE {newer(known)} GROUP BY _partition"
        ).result_rows
        found[view] = known | {int(partition): int(offset) for partition, offset in rows}
    return found


def changed(before: Marks, after: Marks) -> list[str]:
    """The views of which something has landed in between."""
    return [view for view, marks in after.items() if marks != before.get(view)]


def newer(marks: Mapping[int, int]) -> str:
    """The condition of a table's rows that landed after its marks."""
    return _beyond(sorted(marks.items()))


def _beyond(marks: Iterable[tuple[int, int]]) -> str:
    partitions, offsets = zip(*marks, strict=True) if marks else ((), ())
    if not partitions:
        return "1"
    # an offset beyond 32 bits would make the literal an array of another type than that of -1
    marked = f"CAST({list(map(int, offsets))}, 'Array(Int64)')"
    condition = f"_offset > transform(_partition, {list(map(int, partitions))}, {marked}, toInt64(-1))"
    if partitions == tuple(range(len(partitions))):
        # says nothing more, but the index of partitions and offsets tells where it holds for no row
        condition = f"(_offset > {min(offsets)} OR _partition >= {len(partitions)}) AND {condition}"
    return condition
