"""The pager's memory: one file of JSON lines, only ever appended to, on disk before anyone is answered."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from mesh.kernel.errors import PlatformError
from observability.pager.entry import Entry, from_json, to_json

log = logging.getLogger("mesh.pager")

FILE = "journal.jsonl"
RESERVE = "reserve"
RESERVED = 1 << 20
"""Bytes kept back for the day when the disk is full: that day has to be paged too."""


class Journal:
    """Holds ``<folder>/journal.jsonl`` open, for this process alone."""

    def __init__(self, folder: Path) -> None:
        """Open or begin it; raise :class:`PlatformError` when it cannot be had, or another process has it."""
        self._path = folder / FILE
        self._reserve = folder / RESERVE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _open(self._path)
            _sync_folder(folder)
        except OSError as error:
            raise PlatformError(
                "journal-unusable",
                error.strerror or str(error),
                place=str(self._path),
                remedy="let the pager write there, or give it another home (MESH_HOME)",
            ) from None
        self._end = 0
        self._keep_reserve()

    def read(self) -> list[Entry]:
        """Every entry, oldest first. What a crash cut off at the end is removed: it was never confirmed."""
        entries: list[Entry] = []
        data = self._path.read_bytes()
        self._end = data.rfind(b"\n") + 1
        if self._end < len(data):
            log.warning("%s: %d bytes of an unfinished entry removed", self._path, len(data) - self._end)
            os.ftruncate(self._file, self._end)
        for number, line in enumerate(data[: self._end].splitlines(), 1):
            try:
                entries.append(from_json(json.loads(line)))
            except (ValueError, KeyError, TypeError):
                # Paging goes on without it: to refuse to start would hide every other incident.
                log.error("%s:%d is not an entry and is passed over", self._path, number)
        return entries

    def append(self, entries: Sequence[Entry]) -> None:
        """Write entries, all or none; when this returns they are on disk. Raises :class:`OSError`."""
        data = _lines(entries)
        try:
            self._write(data)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            log.warning("the disk is full: the journal uses what was kept back for it")
            self._reserve.unlink(missing_ok=True)
            self._write(data)
        self._end += len(data)

    def rewrite(self, entries: Sequence[Entry]) -> None:
        """Keep these entries only. A crash in between, or a full disk, leaves the old ones."""
        data, draft = _lines(entries), self._path.with_suffix(".part")
        draft.unlink(missing_ok=True)
        file = _open(draft)
        try:
            _put(file, data, 0)
            draft.rename(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            log.warning("%s stays as long as it is: %s", self._path, error.strerror)
            draft.unlink(missing_ok=True)
            os.close(file)
            return
        os.close(self._file)
        self._file, self._end = file, len(data)

    def _write(self, data: bytes) -> None:
        try:
            _put(self._file, data, self._end)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise

    def _keep_reserve(self) -> None:
        if self._reserve.exists() and self._reserve.stat().st_size == RESERVED:
            return
        with contextlib.suppress(OSError):  # the disk is full already
            self._reserve.write_bytes(bytes(RESERVED))

    def close(self) -> None:
        """Let go of it."""
        os.close(self._file)


def _lines(entries: Sequence[Entry]) -> bytes:
    return "".join(json.dumps(to_json(entry), ensure_ascii=False) + "\n" for entry in entries).encode()


def _put(file: int, data: bytes, at: int) -> None:
    """Write data at a place, and return when it is on disk."""
    done = 0
    while done < len(data):
        done += os.pwrite(file, data[done:], at + done)
    os.fsync(file)


def _open(path: Path) -> int:
    """Open or make a file that nobody else may write as long as we live."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise PlatformError(
            "journal-in-use",
            "another pager writes it",
            place=str(path),
            remedy="see `mesh status`; two pagers need two homes (MESH_HOME)",
        ) from None
    return file


def _sync_folder(folder: Path) -> None:
    """Make sure that a new file is still there after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
