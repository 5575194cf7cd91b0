"""The journal keeps what it confirmed, whatever cuts it off."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mesh.kernel.errors import PlatformError
from observability.pager.journal import FILE, RESERVE, RESERVED, Journal
from tests.unit.observability.pager.notifications import ended, fired, paged, taken_on

ENTRIES = [fired(0, summary="größer\n„so“"), taken_on(1, "x"), paged(2, "x"), ended(3)]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The folder of a journal with four entries."""
    journal = Journal(tmp_path)
    journal.read()
    journal.append(ENTRIES[:3])
    journal.append(ENTRIES[3:])
    journal.close()
    return tmp_path


def reopened(folder: Path) -> Journal:
    """The journal as the next process finds it; the lock of the last one went with it."""
    return Journal(folder)


def test_entries_are_there_in_their_order(written: Path) -> None:
    """For the next process."""
    assert reopened(written).read() == ENTRIES


def test_nobody_else_can_read_it(written: Path) -> None:
    """Notes of people stand in it."""
    assert (written / FILE).stat().st_mode & 0o077 == 0


def test_what_a_crash_cut_off_is_removed(written: Path) -> None:
    """Wherever; what comes next stands on a line of its own."""
    whole = (written / FILE).read_bytes()
    start = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in [*range(start, len(whole), 17), len(whole) - 1]:
        (written / FILE).write_bytes(whole[:cut])
        journal = reopened(written)
        assert journal.read() == ENTRIES[:3]
        journal.append(ENTRIES[3:])
        journal.close()
        assert (written / FILE).read_bytes() == whole


def test_a_spoilt_line_costs_no_other(written: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is passed over, with its place in the log."""
    lines = (written / FILE).read_bytes().splitlines(keepends=True)
    lines[1] = b'{"kind": \x00\xff}\n'
    (written / FILE).write_bytes(b"".join(lines))
    assert reopened(written).read() == [ENTRIES[0], *ENTRIES[2:]]
    assert f"{FILE}:2 is not an entry" in caplog.text


def test_two_pagers_never_write_one_journal(written: Path) -> None:
    """The second is refused in one line."""
    first = reopened(written)
    with pytest.raises(PlatformError, match="journal-in-use"):
        Journal(written)
    first.close()
    Journal(written).close()


def test_it_can_be_made_shorter(written: Path) -> None:
    """What is appended then stands behind what was kept, and the lock holds on."""
    journal = reopened(written)
    journal.read()
    journal.rewrite(ENTRIES[1:2])
    journal.append(ENTRIES[3:])
    with pytest.raises(PlatformError, match="journal-in-use"):
        Journal(written)
    journal.close()
    assert reopened(written).read() == [ENTRIES[1], ENTRIES[3]]
    assert sorted(path.name for path in written.iterdir()) == [FILE, RESERVE]


def test_a_full_disk_keeps_it_from_getting_shorter_and_no_more(
    written: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The pager starts all the same."""
    journal = reopened(written)
    journal.read()
    with monkeypatch.context() as full:
        failing(1, errno.ENOSPC, full)
        journal.rewrite(ENTRIES[1:2])
    assert "stays as long as it is" in caplog.text
    journal.append(ENTRIES[:1])
    journal.close()
    assert reopened(written).read() == [*ENTRIES, ENTRIES[0]]
    assert sorted(path.name for path in written.iterdir()) == [FILE, RESERVE]


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    """With the place and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(PlatformError, match=r"journal-unusable.*Not a directory; let the pager write there"):
        Journal(tmp_path / "file" / "pager")


def failing(times: int, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk refuse so many writes, the first of them after some bytes."""
    real, left = os.pwrite, [times]

    def pwrite(file: int, data: bytes, offset: int) -> int:
        if left[0] == 0:
            return real(file, data, offset)
        left[0] -= 1
        real(file, data[:10], offset)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "pwrite", pwrite)


def test_a_full_disk_is_paged_from_what_was_kept_back(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That day needs its page most of all."""
    journal = reopened(written)
    journal.read()
    assert (written / RESERVE).stat().st_size == RESERVED
    failing(1, errno.ENOSPC, monkeypatch)
    journal.append([fired(9)])
    journal.close()
    assert not (written / RESERVE).exists()
    journal = reopened(written)
    assert journal.read() == [*ENTRIES, fired(9)]
    assert (written / RESERVE).exists()  # kept back anew as soon as there is room


@pytest.mark.parametrize(("times", "code"), [(2, errno.ENOSPC), (1, errno.EIO)])
def test_what_cannot_be_written_leaves_no_trace(
    written: Path, monkeypatch: pytest.MonkeyPatch, times: int, code: int
) -> None:
    """The sender is told, and sends it again; half an entry would spoil the next one."""
    journal = reopened(written)
    journal.read()
    failing(times, code, monkeypatch)
    with pytest.raises(OSError, match=os.strerror(code)):
        journal.append([fired(9), fired(10)])
    journal.append([fired(11)])
    journal.close()
    assert reopened(written).read() == [*ENTRIES, fired(11)]
