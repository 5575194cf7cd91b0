"""Profiles the columns of a port's view as the warehouse holds it now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analytics.profile.bins import Bins, drift, lower_ends, steps
from analytics.profile.column import Column, columns
from analytics.profile.profile import QUANTILES, Before, Profile
from analytics.profile.statement import Division, Rows, batches, contents, counts
from analytics.quality.asking import ask
from mesh.kernel.quality import NotNull
from mesh.kernel.table_rules import Share

if TYPE_CHECKING:
    from decimal import Decimal

    from clickhouse_connect.driver.client import Client

    from mesh.kernel.contract import Port

Answers = dict[tuple[str, str], tuple[int, ...]]
"""Rows in each bin, by the use of a division and the name of its column."""
_ANSWERS = 8
"""Answers about one column in the first statement."""


def profile(
    client: Client, port: Port, before: Mapping[str, Before], enough: int | None = None
) -> Iterator[Profile]:
    """A profile of each column of the view, compared with what was before, by column.

    Of a table that has twice as many rows as are ``enough``, or more, so many are drawn.
    Raises :class:`WarehouseError` when there is no such view.
    """
    assert port.view is not None
    drawn = Rows(port.view, port.table_key, _one_in(client, port, enough) if enough else 1)
    described = ask(client, port, f"DESCRIBE TABLE {port.view}_clear")
    for batch in batches(list(columns(port, ((name, kind) for name, kind, *_ in described)))):
        ((rows, *answers),) = ask(client, port, contents(drawn, batch))
        found = [
            _First(port, column, drawn, rows, answers[place * _ANSWERS : (place + 1) * _ANSWERS])
            for place, column in enumerate(batch)
        ]
        yield from _counted(client, port, drawn, found, before)


def _one_in(client: Client, port: Port, enough: int) -> int:
    """One in how many rows is to be drawn; revisions of a row count too until they are merged."""
    ((held,),) = ask(client, port, f"SELECT count() FROM {port.physical_table}")
    return max(1, int(held) // enough)


class _First:
    """A column after the first statement, and by what its rows are to be divided."""

    def __init__(self, port: Port, column: Column, drawn: Rows, rows: int, answers: Sequence[Any]) -> None:
        missing, distinct, least, greatest, low, high, quantiles, frequent = answers
        given = rows > missing
        assert port.view is not None
        self.column = column
        self.profile = Profile(
            topic=port.topic,
            view=port.view,
            name=column.name,
            kind=column.kind,
            rows=rows * drawn.one_in,
            missing=missing * drawn.one_in,
            distinct=distinct,
            least=least if given else "",
            greatest=greatest if given else "",
            quantiles=tuple(quantiles[: len(QUANTILES)]) if given else (),
            one_in=drawn.one_in,
            limit=_limit(port, column.name),
        )
        self.frequent = tuple(frequent)
        self.steps = steps(low, high) if given and column.kind.is_measured else ()
        self.marks: tuple[str, ...] = ()
        if given and column.kind.drifts:
            self.marks = lower_ends(quantiles[len(QUANTILES) :]) if column.kind.is_measured else self.frequent


def _counted(
    client: Client, port: Port, drawn: Rows, found: Sequence[_First], before: Mapping[str, Before]
) -> Iterator[Profile]:
    """The profiles with histogram, frequent values, bins and drift, for which rows are counted once more."""
    divisions = [
        one for first in found for one in _divisions(first, before.get(first.column.name)) if one.marks
    ]
    answers: Answers = {}
    if divisions:
        ((_, *row),) = ask(client, port, counts(drawn, divisions))
        answers = {
            (one.use, one.column.name): tuple(count * drawn.one_in for count in rows)
            for one, rows in zip(divisions, row, strict=True)
        }
    for first in found:
        yield _whole(first, answers, before.get(first.column.name))


def _divisions(first: _First, old: Before | None) -> Iterator[Division]:
    column, by_value = first.column, not first.column.kind.is_measured
    yield Division("steps", column, tuple(map(repr, first.steps)), by_value=False)
    yield Division("frequent", column, first.frequent, by_value=True)
    yield Division("now", column, first.marks, by_value=by_value)
    if old is not None and column.kind.drifts:
        yield Division("before", column, old.bins.marks, by_value=by_value)


def _whole(one: _First, answers: Answers, old: Before | None) -> Profile:
    name, missing = one.column.name, one.profile.missing
    frequent = zip(one.frequent, answers.get(("frequent", name), ())[1:], strict=False)
    histogram = zip(one.steps, answers.get(("steps", name), ())[1:], strict=False)
    again = answers.get(("before", name))
    return replace(
        one.profile,
        frequent=tuple(sorted(frequent, key=lambda pair: (-pair[1], pair[0]))),
        histogram=tuple(histogram),
        bins=Bins(one.marks, answers["now", name], missing) if one.marks else None,
        drift=drift(old.bins, again, missing) if old and again else None,
        before=old.at if old and again else None,
    )


def _limit(port: Port, name: str) -> Decimal | None:
    for rule in port.table_rules:
        if isinstance(rule, Share) and isinstance(rule.rule, NotNull) and rule.field == name:
            return rule.below
    return None
