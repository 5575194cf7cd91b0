"""The state of a partition: one transaction, one owner, one topic."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.kernel.errors import SubscribeError
from mesh.subscribe.newest import Held
from mesh.subscribe.state import State

HELD = Held(1 << 255, True, b"value")


def test_what_is_not_committed_is_forgotten_with_the_offset(tmp_path: Path) -> None:
    """Both or neither."""
    path = tmp_path / "0.sqlite"
    state = State(path, "t")
    state.hold("a", HELD, 4, 1000)
    state.commit(5)
    state.hold("a", Held(2, False, b"other"), 5, 2000)
    state.hold("b", HELD, 6, 2000)
    state.close()
    again = State(path, "t")
    assert (again.next_offset, again.held("a"), again.held("b")) == (5, HELD, None)
    assert list(again.live()) == [(b"value", 4, 1000)]
    again.close()


def test_what_is_gone_is_held_and_not_live(tmp_path: Path) -> None:
    """So that nothing older brings it back."""
    state = State(None, "t")
    state.hold("a", Held(2, False, b"gone"), 1, 0)
    state.commit(2)
    assert state.held("a") == Held(2, False, b"gone")
    assert list(state.live()) == []
    state.close()


def test_live_rows_come_page_by_page_while_the_state_changes() -> None:
    """More than a page, each once."""
    state = State(None, "t")
    for number in range(1_234):
        state.hold(f"{number}", Held(1, True, b"%d" % number), number, 0)
    state.commit(1_234)
    seen = []
    for value, _, _ in state.live():
        seen.append(value)
        state.hold("0", Held(2, True, b"again"), 2_000, 0)
        state.commit(2_001 + len(seen))
    assert seen == [b"%d" % number for number in range(1_234)]
    state.close()


def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    """Until the first one closes it."""
    path = tmp_path / "deep" / "0.sqlite"
    first = State(path, "t")
    with pytest.raises(SubscribeError, match=r"state-taken.*0\.sqlite"):
        State(path, "t")
    first.close()
    State(path, "t").close()


def test_the_state_of_an_earlier_topic_of_that_name_is_refused(tmp_path: Path) -> None:
    """It would go on at an offset that means something else now."""
    path = tmp_path / "0.sqlite"
    State(path, "first life").close()
    with pytest.raises(SubscribeError, match=r"state-foreign.*made anew"):
        State(path, "second life")
    State(path, "first life").close()


def test_a_file_that_is_no_state_is_refused(tmp_path: Path) -> None:
    """With the remedy."""
    path = tmp_path / "0.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(SubscribeError, match=r"state-broken.*delete the file"):
        State(path, "t")


def test_a_state_is_for_its_user_only(tmp_path: Path) -> None:
    """It holds personal text."""
    path = tmp_path / "group" / "0.sqlite"
    State(path, "t").close()
    assert path.parent.stat().st_mode & 0o077 == 0
