"""Two tables compared row by row and column by column."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

SHOWN = 10
"""Findings that are kept of a table."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; values are plain, as the frames have them."""

    table: str
    key: tuple[object, ...]
    column: str
    """The column that differs; empty when the whole row is missing or unexpected."""
    expected: object
    landed: object


@dataclass(frozen=True)
class Comparison:
    """What became of a table's rows. Slices of one table add up."""

    table: str
    expected: int = 0
    landed: int = 0
    missing: int = 0
    unexpected: int = 0
    different: int = 0
    copies: int = 0
    """Rows that repeat a record in its place. Readers see one of them, so that they are no fault."""
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def equal(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.missing or self.unexpected or self.different)

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(
            self.table,
            self.expected + other.expected,
            self.landed + other.landed,
            self.missing + other.missing,
            self.unexpected + other.unexpected,
            self.different + other.different,
            self.copies + other.copies,
            (self.findings + other.findings)[:SHOWN],
        )


def compare(table: str, key: tuple[str, ...], expected: pl.DataFrame, landed: pl.DataFrame) -> Comparison:
    """Compare the columns of ``expected`` with those that landed; keys of ``expected`` are unique.

    A row that landed twice under one key is one unexpected row.
    """
    keys = list(key)
    single = landed.unique(keys, keep="first", maintain_order=True)
    doubled = landed.filter(pl.struct(keys).is_first_distinct().not_())
    pairs = (
        expected.select(keys)
        .with_row_index("_e")
        .join(single.select(keys).with_row_index("_l"), on=keys, how="full", coalesce=True)
    )
    missing = pairs.filter(pl.col("_l").is_null())
    unexpected = pairs.filter(pl.col("_e").is_null())
    both = pairs.drop_nulls(["_e", "_l"]).sort("_e")
    left, right = expected[both["_e"]], single[both["_l"]]
    wrong = pl.repeat(value=False, n=both.height, dtype=pl.Boolean, eager=True)
    findings = [
        Finding(table, row, "", "a row", None) for row in missing.head(SHOWN).select(keys).iter_rows()
    ]
    findings += [
        Finding(table, row, "", None, "a row")
        for frame in (unexpected, doubled)
        for row in frame.head(SHOWN).select(keys).iter_rows()
    ]
    for column in expected.columns:
        differs = left[column].ne_missing(right[column])
        wrong |= differs
        for row in differs.arg_true().head(SHOWN):
            place = tuple(left[row, name] for name in keys)
            findings.append(Finding(table, place, column, left[row, column], right[row, column]))
    return Comparison(
        table,
        expected.height,
        landed.height,
        missing.height,
        unexpected.height + doubled.height,
        int(wrong.sum()),
        findings=tuple(findings[:SHOWN]),
    )
