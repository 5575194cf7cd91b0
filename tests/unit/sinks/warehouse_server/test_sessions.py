"""Sessions: one request at a time, and an end."""

from __future__ import annotations

import pytest

from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.request import Session
from sinks.warehouse_server.sessions import Sessions


class Handle:
    """Stands for a connection; knows whether it was closed."""

    closed = False

    def close(self) -> None:
        """Note it."""
        self.closed = True


def session(*, timeout: float = 60, must_exist: bool = False, close: bool = False) -> Session:
    """A session of the one user."""
    return Session(("default", "s"), timeout, must_exist, close)


def test_a_session_keeps_its_handle_until_its_time_is_over() -> None:
    """Each request begins the time anew; then the handle is closed."""
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    handle = Handle()
    with sessions.hold(session()) as entry:
        entry.handle = handle  # type: ignore[assignment]
    now[0] = 59
    with sessions.hold(session()) as entry:
        assert entry.handle is handle  # type: ignore[comparison-overlap]
    now[0] = 59 + 61
    sessions.expire()
    assert handle.closed
    assert len(sessions) == 0


def test_an_expired_session_is_not_found_before_the_sweep() -> None:
    """Time counts, not when somebody sweeps."""
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    with sessions.hold(session(timeout=1)):
        pass
    now[0] = 2
    with pytest.raises(ClickHouseError) as caught, sessions.hold(session(must_exist=True)):
        pass
    assert caught.value.code == 372


def test_a_busy_session_is_locked() -> None:
    """And never expires while it works."""
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    with sessions.hold(session(timeout=0)):
        now[0] = 100
        sessions.expire()
        with pytest.raises(ClickHouseError) as caught, sessions.hold(session()):
            pass
        assert caught.value.code == 373
    with sessions.hold(session()):
        pass


def test_a_session_can_be_closed() -> None:
    """close_session ends it with the request."""
    sessions = Sessions()
    handle = Handle()
    with sessions.hold(session(close=True)) as entry:
        entry.handle = handle  # type: ignore[assignment]
    assert handle.closed
    assert len(sessions) == 0
