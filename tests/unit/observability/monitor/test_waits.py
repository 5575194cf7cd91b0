"""The clock of lag: what it tells lies within a round of the truth, whatever was published when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mesh.kernel.broker import Place
from observability.monitor.waits import ERROR, LIMIT, Waits

PLACE = Place("sales.public.order-placed.v1", 0)
GROWTH = st.lists(st.integers(0, 5), min_size=1, max_size=30)


def watched(growth: list[int]) -> tuple[Waits, list[int]]:
    """A clock that saw an end a second, and the second in which each offset came to be seen."""
    waits, born, end = Waits(), list[int](), 0
    for second, more in enumerate(growth):
        end += more
        born += [second] * more
        waits.saw(second, {PLACE: end})
    return waits, born


@given(GROWTH, st.integers(0, 40))
def test_the_oldest_unread_record_is_as_old_as_it_was_seen(growth: list[int], position: int) -> None:
    """For every position: since the first round that saw a record there; nothing when there is none."""
    waits, born = watched(growth)
    expected = len(growth) - born[position] if position < len(born) else 0
    assert waits.waited(PLACE, position, len(growth)) == expected


@given(GROWTH, st.integers(0, 40), st.integers(0, 40))
def test_forgetting_what_was_read_changes_no_later_answer(growth: list[int], read: int, ahead: int) -> None:
    """A group that goes on finds the same."""
    waits, _ = watched(growth)
    before = waits.waited(PLACE, read + ahead, 99)
    waits.forget(PLACE, read)
    assert waits.waited(PLACE, read + ahead, 99) == before


LONG = 20 * LIMIT
LONG_WATCHED, _ = watched([1] * LONG)


@given(st.integers(0, LONG - 1))
def test_a_long_memory_is_thinned_and_errs_upward(position: int) -> None:
    """A group that stands for a day costs no more memory, and its wait is never told too short."""
    truth = LONG - position
    assert truth <= LONG_WATCHED.waited(PLACE, position, LONG) <= truth * (1 + ERROR)
    assert len(LONG_WATCHED._seen[PLACE]) <= LIMIT


def test_records_from_before_the_monitor_wait_since_it_began() -> None:
    """Their own age is not known."""
    waits = Waits()
    waits.saw(100.0, {PLACE: 7})
    assert waits.waited(PLACE, 3, 130.0) == 30.0


def test_a_topic_made_anew_has_no_past() -> None:
    """A smaller end is another topic of the same name."""
    waits = Waits()
    waits.saw(0.0, {PLACE: 50})
    waits.saw(10.0, {PLACE: 2})
    assert waits.waited(PLACE, 0, 15.0) == 5.0
    assert waits.waited(PLACE, 2, 15.0) == 0.0
