"""An incident as a row."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from observability.pager.archive import COLUMNS, micros, row
from observability.pager.book import fold
from observability.pager.entry import Change, Outcome
from sinks.clickhouse.tables import PLATFORM
from tests.unit.observability.pager.notifications import LOG, MAIL, at, fired, paged, taken_on


def test_a_row_says_what_is_known() -> None:
    """And which channels took a page, and which did not."""
    book = fold([fired(0, due=(LOG, MAIL))])
    (name,) = (incident.id for incident in book)
    book.apply(paged(1, name, route=LOG))
    book.apply(paged(2, name, outcome=Outcome.WAITING, reason="away"))
    book.apply(taken_on(3, name, due=()))
    book.apply(paged(4, name, Change.ACKNOWLEDGED))
    values = dict(zip(COLUMNS, row(book[name]), strict=True))
    assert values["revision"] == micros(at(3))
    assert (values["fired_at"], values["acknowledged_at"], values["resolved_at"]) == (at(0), at(3), None)
    assert (values["channels"], values["undelivered"]) == (["log"], ["mail"])
    assert values["labels"]["product"] == "orders-enriched"


def test_the_table_has_these_columns() -> None:
    """In this order."""
    (table,) = (statement for statement in PLATFORM if "TABLE IF NOT EXISTS mesh.incidents_v1" in statement)
    assert tuple(re.findall(r"^    (\w+) \w.* COMMENT", table, re.MULTILINE)) == COLUMNS


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants it naive
def test_revisions_keep_every_microsecond(moment: datetime) -> None:
    """Two states of an incident may lie that close."""
    assert datetime.fromtimestamp(micros(moment) // 10**6, UTC).replace(
        microsecond=micros(moment) % 10**6
    ) == (moment)
