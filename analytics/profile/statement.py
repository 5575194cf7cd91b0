"""The two statements that profile columns: what they hold, and how many rows are in each bin of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from analytics.profile.bins import FREQUENT
from analytics.profile.profile import QUANTILES
from mesh.kernel.literal import text

if TYPE_CHECKING:
    from analytics.profile.column import Column

ACCURACY = 1000
"""One in how many rows a quantile may be off."""
TOGETHER = 8
"""Columns of one statement: many, since each reads the keys anew; few, since each takes memory."""
ENOUGH = 100_000
"""Rows that tell what millions would: nineteen times in twenty, a share of them is within a third of a
percentage point of that of all rows."""
_KEYS_FIRST = "optimize_move_to_prewhere_if_final = 1"
"""Reads of the other columns only what the keys have drawn, at half the cost; all revisions of a row have its
key, so the newest still wins."""
DECILES = tuple(tenth / 10 for tenth in range(1, 10))


class Rows(NamedTuple):
    """The rows that are looked at: those of a view, or one in so many, drawn by the hash of their key.

    Whoever was drawn once is drawn again, so that two profiles differ by what came between them.
    """

    view: str
    key: tuple[str, ...]
    one_in: int = 1

    @property
    def sql(self) -> str:
        """What stands after FROM."""
        if self.one_in == 1:
            return f"{self.view}_clear AS row"
        key = ", ".join(f"row.`{name}`" for name in self.key)
        drawn = f"cityHash64({key}) % {self.one_in} = 0"
        return f"{self.view}_clear AS row\nWHERE {drawn}\nSETTINGS {_KEYS_FIRST}"


class Division(NamedTuple):
    """Bins into which the rows of a column are to be divided."""

    use: str
    """What for; one division of a column for each use."""
    column: Column
    marks: Sequence[str]
    """Lower ends, or values."""
    by_value: bool


def batches(columns: Sequence[Column]) -> Iterator[tuple[Column, ...]]:
    """The columns, so many at a time."""
    rest = iter(columns)
    while batch := tuple(islice(rest, TOGETHER)):
        yield batch


def contents(rows: Rows, columns: Sequence[Column]) -> str:
    """All rows; then for each column nulls, distinct values, extremes, quantiles, frequent values."""
    return _select(rows, [part for column in columns for part in _contents(column)])


def counts(rows: Rows, divisions: Sequence[Division]) -> str:
    """All rows; then for each division the rows in each of its bins, those in none first."""
    return _select(rows, [_count(division) for division in divisions])


def _contents(column: Column) -> Iterator[str]:
    yield f"countIf(isNull({column.sql}))"
    yield f"ifNull(uniq({column.sql}), 0)"
    if column.kind.is_told:
        yield f"ifNull(toString(min({column.sql})), '')"
        yield f"ifNull(toString(max({column.sql})), '')"
    else:
        yield from ("''", "''")
    if column.kind.is_measured:
        levels = ", ".join(map(str, (*QUANTILES, *DECILES)))
        yield f"min({column.as_number})"
        yield f"max({column.as_number})"
        yield f"quantilesGK({ACCURACY}, {levels})({column.as_number})"
    else:
        yield from ("NULL", "NULL", "[]")
    yield f"topK({FREQUENT}, 10)({column.as_text})" if column.kind.is_told else "[]"


def _count(division: Division) -> str:
    column, marks = division.column, division.marks
    if division.by_value:
        place = f"indexOf([{', '.join(map(text, marks))}], {column.as_text})"
    else:
        ends = ", ".join(f"toFloat64({text(mark)})" for mark in marks)
        place = f"arrayCount(mark -> ifNull({column.as_number}, mark) >= mark, [{ends}])"
    return f"countResampleIf(0, {len(marks) + 1}, 1)(toUInt32(ifNull({place}, 0)), isNotNull({column.sql}))"


def _select(rows: Rows, parts: Sequence[str]) -> str:
    return "SELECT count(),\n  {}\nFROM {}".format(",\n  ".join(parts), rows.sql)
