"""Sessions: what SET, USE and temporary tables leave behind, kept for the session's next request.

Clients open a session each by default and seldom use it, so a session gets a handle of its own only once it
has something to keep.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sinks.warehouse_server.errors import ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sinks.warehouse_server.engine import Handle
    from sinks.warehouse_server.request import Session


@dataclass
class Entry:
    """A live session; ``handle`` once it has state to keep, ``expires`` in seconds of the clock given."""

    handle: Handle | None = None
    busy: bool = True
    expires: float = 0.0


class Sessions:
    """All live sessions; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], Entry] = {}

    @contextmanager
    def hold(self, session: Session) -> Iterator[Entry]:
        """The session for the time of one request."""
        entry = self.enter(session)
        try:
            yield entry
        finally:
            self.leave(session, entry)

    def enter(self, session: Session) -> Entry:
        """Take the session for one request; raise when it is taken, or must exist and does not."""
        with self._lock:
            entry = self._entries.get(session.key)
            if entry is not None and self._over(entry):
                _close(self._entries.pop(session.key))
                entry = None
            if entry is None:
                if session.must_exist:
                    raise ClickHouseError(372, f"Session {session.key[1]} not found", "SESSION_NOT_FOUND")
                self._entries[session.key] = entry = Entry()
            elif entry.busy:
                raise ClickHouseError(
                    373, f"Session {session.key[1]} is locked by a concurrent client", "SESSION_IS_LOCKED"
                )
            entry.busy = True
            return entry

    def leave(self, session: Session, entry: Entry) -> None:
        """Give the session back; it lives for its timeout from now on."""
        with self._lock:
            entry.busy = False
            entry.expires = self._clock() + session.timeout
            if not session.close:
                return
            self._entries.pop(session.key, None)
        _close(entry)

    def expire(self) -> None:
        """Close the sessions whose time is over."""
        with self._lock:
            over = [key for key, entry in self._entries.items() if self._over(entry)]
            gone = [self._entries.pop(key) for key in over]
        for entry in gone:
            _close(entry)

    def close(self) -> None:
        """Close all sessions."""
        with self._lock:
            gone = list(self._entries.values())
            self._entries.clear()
        for entry in gone:
            _close(entry)

    def _over(self, entry: Entry) -> bool:
        return not entry.busy and entry.expires <= self._clock()

    def __len__(self) -> int:
        return len(self._entries)


def _close(entry: Entry) -> None:
    if entry.handle is not None:
        entry.handle.close()
        entry.handle = None
