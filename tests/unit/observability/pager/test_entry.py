"""Entries survive the journal."""

from __future__ import annotations

import json
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.pager.entry import (
    Acknowledged,
    Alerted,
    Change,
    Entry,
    Outcome,
    Paged,
    Route,
    from_json,
    to_json,
)

texts = st.text(max_size=20)
moments = st.datetimes(timezones=st.just(UTC))
routes = st.builds(Route, texts, texts)
due = st.lists(routes, max_size=3).map(tuple)
labels = st.dictionaries(texts, texts, max_size=3)
entries = st.one_of(
    st.builds(Alerted, moments, texts, texts, moments, st.none() | moments, labels, labels, due),
    st.builds(Acknowledged, moments, texts, texts, texts, due),
    st.builds(Paged, moments, texts, st.sampled_from(Change), routes, st.sampled_from(Outcome), texts),
)


@given(entries)
def test_an_entry_is_the_same_after_it_was_written_and_read(entry: Entry) -> None:
    """Whatever stands in its texts."""
    line = json.dumps(to_json(entry), ensure_ascii=True)
    assert "\n" not in line
    assert from_json(json.loads(line)) == entry


@pytest.mark.parametrize("data", [{}, {"kind": "paged"}, {"kind": "rung", "at": "2026-11-28"}])
def test_what_is_no_entry_is_refused(data: dict[str, str]) -> None:
    """So that the journal can pass it over."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_json(data)
