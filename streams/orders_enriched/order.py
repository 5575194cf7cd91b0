"""What is known about one order, in one bytes object, and its parts.

An entry is four sections: the order's newest revision (empty while only other facts of it are known), and the
registers of its payments, fulfilments and returns. A revision is the contents of its event (everything after
the envelope) behind a table of the places in it that a row is cut from.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

_SIZES = Struct("<IIII")
_SIZE = Struct("<I")
_SECTIONS = _SIZES.size
_HEAD = Struct("<?qq")  # whether places have four bytes, seq, ordered_at
_NARROW, _WIDE = Struct("<9H"), Struct("<9I")
_NARROW_LIMIT = 1 << 16
_ORDERED_AT = Struct("<q")
_ORDERED_AT_PLACE = _SECTIONS + 9
_DAY_US = 86_400_000_000


class Entry(NamedTuple):
    """The four sections."""

    revision: bytes = b""
    payments: bytes = b""
    fulfilments: bytes = b""
    returns: bytes = b""

    def packed(self) -> bytes:
        """The sections as one bytes object."""
        return _SIZES.pack(*map(len, self)) + b"".join(self)


EMPTY_ENTRY = Entry().packed()
"""What is known of an order before any of its facts."""


class Section(IntEnum):
    """The sections of an entry by place."""

    REVISION = 0
    PAYMENTS = 1
    FULFILMENTS = 2
    RETURNS = 3


def place(packed: bytes, section: int) -> tuple[int, int]:
    """Where a section of an entry begins and ends."""
    sizes = _SIZES.unpack_from(packed)
    start = _SECTIONS + sum(sizes[:section])
    return start, start + sizes[section]


def replace(packed: bytes, section: int, contents: bytes) -> bytes:
    """The entry with other contents of one section."""
    start, end = place(packed, section)
    sizes = packed[: 4 * section] + _SIZE.pack(len(contents)) + packed[4 * section + 4 : _SECTIONS]
    return b"".join((sizes, packed[_SECTIONS:start], contents, packed[end:]))


def unpack(packed: bytes) -> Entry:
    """The sections of an entry."""
    revision, payments, fulfilments, _ = _SIZES.unpack_from(packed)
    first = _SECTIONS + revision
    second = first + payments
    third = second + fulfilments
    return Entry(packed[_SECTIONS:first], packed[first:second], packed[second:third], packed[third:])


def ordered_at(packed: bytes) -> int | None:
    """When the order of an entry was placed, in microseconds; None while it is unknown."""
    if _SIZES.unpack_from(packed)[0] == 0:
        return None
    moment: int = _ORDERED_AT.unpack_from(packed, _ORDERED_AT_PLACE)[0]
    return moment


class Revision(NamedTuple):
    """One revision of an order, taken apart."""

    seq: int
    ordered_at: int
    account: bytes
    """Raw Avro bytes of the account; likewise the ids below, each behind its branch number."""
    location_id: bytes
    territory_id: bytes
    employee_id: bytes
    contents: bytes
    """The event's bytes after the envelope: the order's fields, then the array of lines."""
    lines: int
    """Where in the contents the array of lines begins."""

    @property
    def day(self) -> int:
        """Days from 1970 to ``ordered_at``, in UTC."""
        return self.ordered_at // _DAY_US


def pack_revision(seq: int, moment: int, places: Sequence[int], contents: bytes) -> bytes:
    """A revision as a section.

    ``places``: start and end of account, location_id, territory_id and employee_id, and the start of the
    array of lines, all counted from the start of ``contents``.
    """
    wide = len(contents) >= _NARROW_LIMIT
    return _HEAD.pack(wide, seq, moment) + (_WIDE if wide else _NARROW).pack(*places) + contents


def unpack_revision(section: bytes) -> Revision:
    """Take a revision apart."""
    wide, seq, moment = _HEAD.unpack_from(section)
    table = _WIDE if wide else _NARROW
    (
        account,
        after_account,
        location,
        after_location,
        territory,
        after_territory,
        employee,
        after_employee,
        lines,
    ) = table.unpack_from(section, _HEAD.size)
    contents = section[_HEAD.size + table.size :]
    return Revision(
        seq,
        moment,
        contents[account:after_account],
        contents[location:after_location],
        contents[territory:after_territory],
        contents[employee:after_employee],
        contents,
        lines,
    )


def revision_seq(section: bytes) -> int:
    """The ``seq`` of a revision."""
    seq: int = _HEAD.unpack_from(section)[1]
    return seq


def revision_contents(section: bytes) -> bytes:
    """The contents of a revision's event, as they came."""
    return section[_HEAD.size + (_WIDE if section[0] else _NARROW).size :]
