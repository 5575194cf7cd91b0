"""What is known of one partition: the record that holds of each entity, what waits, how far it was read.

All change in one transaction, so that what is held is always the fold of exactly the records before the next
offset: a function of the topic alone, whoever computed it and how often it was interrupted. A state that is
lost, or in the hands of another process, is no loss: it is computed again.

SQLite, one file a partition, locked by the process that has it open. A commit survives the end of the process
at once, and that of the machine soon after: what is lost then is whole commits, the newest ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mesh.kernel.errors import SubscribeError
from mesh.kernel.holding import HOLDS, UNCOUNTED, Holding, Mark, Trail, Verdict
from mesh.subscribe.newest import Held

_RANK = 32
"""Bytes of a rank."""
_PAGE = 500
"""Rows that are read at once."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS held (
    entity TEXT NOT NULL UNIQUE, rank BLOB NOT NULL, live INTEGER NOT NULL, value BLOB NOT NULL,
    offset INTEGER NOT NULL, published_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS parked (
    offset INTEGER PRIMARY KEY, key BLOB, code TEXT NOT NULL, reason TEXT NOT NULL, covers INTEGER
);
CREATE TABLE IF NOT EXISTS place (
    one INTEGER PRIMARY KEY CHECK (one = 0), topic_id TEXT NOT NULL, next_offset INTEGER NOT NULL
);
"""


class Parked(NamedTuple):
    """A record that was not used, on a topic where others wait behind it."""

    offset: int
    key: bytes | None
    code: str
    reason: str
    covers: int | None
    """What it releases, where it is a release: everything up to this offset."""


def recall(holding: Holding, parked: Parked) -> None:
    """Have a holding know of it."""
    if parked.key is not None and (parked.code in HOLDS or parked.code in UNCOUNTED):
        mark = Mark(Verdict(parked.code, parked.reason), -1 if parked.covers is None else parked.covers)
        holding.keys.setdefault(parked.key, Trail()).add(parked.offset, mark)


class State:
    """The state of one partition, in the file ``path``; None: in a temporary one that ends with the process.

    ``topic_id`` tells the topic from another one that had its name before. Raises :class:`SubscribeError`
    ``state-taken`` when another process has the file open, ``state-foreign`` when it is of another topic, and
    ``state-broken`` when it cannot be used at all.
    """

    def __init__(self, path: Path | None, topic_id: str) -> None:
        self._place = str(path or "")
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds personal text
            # The empty name is SQLite's own temporary file, which grows on disk and not in memory.
            self._db = sqlite3.connect(self._place, timeout=0, isolation_level=None)
            self._prepare(topic_id)
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem):
                raise self._broken(problem) from None
            raise SubscribeError(
                "state-taken",
                "another process has this state open",
                place=self._place,
                remedy="end it, or name another folder as state",
            ) from None
        except (sqlite3.DatabaseError, OSError) as problem:
            raise self._broken(problem) from None

    def _prepare(self, topic_id: str) -> None:
        execute = self._db.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute("BEGIN EXCLUSIVE")
        for statement in _SCHEMA.split(";"):
            execute(statement)
        execute("INSERT OR IGNORE INTO place VALUES (0, ?, 0)", (topic_id,))
        known, self.next_offset = execute("SELECT topic_id, next_offset FROM place").fetchone()
        execute("COMMIT")
        if known != topic_id:
            self._db.close()
            raise SubscribeError(
                "state-foreign",
                "the topic was made anew since this state was written",
                place=self._place,
                remedy="delete the folder of the state, and whatever was made of the topic before",
            )

    def held(self, entity: str) -> Held | None:
        """The record that holds of an entity, named by its text; None when there was none yet."""
        row = self._db.execute("SELECT rank, live, value FROM held WHERE entity = ?", (entity,)).fetchone()
        return None if row is None else Held(int.from_bytes(row[0], "big"), bool(row[1]), row[2])

    def hold(self, entity: str, held: Held, offset: int, published_ms: int) -> None:
        """Put a record in the place of the one before; final with the next :meth:`commit`."""
        self._begin()
        self._db.execute(
            "INSERT INTO held VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (entity) DO UPDATE SET"
            " rank = excluded.rank, live = excluded.live, value = excluded.value, offset = excluded.offset,"
            " published_ms = excluded.published_ms",
            (entity, held.rank.to_bytes(_RANK, "big"), held.live, held.value, offset, published_ms),
        )

    def park(self, parked: Parked) -> None:
        """Remember a record that was not used; final with the next :meth:`commit`."""
        self._begin()
        self._db.execute("INSERT OR REPLACE INTO parked VALUES (?, ?, ?, ?, ?)", parked)

    def parked(self) -> list[Parked]:
        """The records that were not used, by offset."""
        return [Parked(*row) for row in self._db.execute("SELECT * FROM parked ORDER BY offset")]

    def commit(self, next_offset: int) -> None:
        """What was held, and that every record before ``next_offset`` is in it: both or neither."""
        if next_offset == self.next_offset and not self._db.in_transaction:
            return
        self._begin()
        self._db.execute("UPDATE place SET next_offset = ?", (next_offset,))
        self._db.execute("COMMIT")
        self.next_offset = next_offset

    def live(self) -> Iterator[tuple[bytes, int, int]]:
        """Value, offset and time of publishing (ms) of what holds and is not gone, in the order of arrival.

        Read page by page, so that the state may change meanwhile.
        """
        page = (
            "SELECT value, offset, published_ms, rowid FROM held WHERE rowid > ? AND live"
            " ORDER BY rowid LIMIT ?"
        )
        last = 0
        while rows := self._db.execute(page, (last, _PAGE)).fetchall():
            yield from ((value, offset, published_ms) for value, offset, published_ms, _ in rows)
            last = rows[-1][3]

    def close(self) -> None:
        """Forget what was not committed, and let others have the file."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._db.close()

    def _begin(self) -> None:
        if not self._db.in_transaction:
            self._db.execute("BEGIN")

    def _broken(self, problem: Exception) -> SubscribeError:
        return SubscribeError(
            "state-broken",
            f"the state cannot be used: {problem}",
            place=self._place,
            remedy="delete the file: it is computed again from the topic",
        )
