"""What is known about one order, in one bytes object, and its parts.

An entry is four sections: the order's newest revision (empty while only other facts of it are known), and the
registers of its payments, fulfilments and returns. A revision is the contents of its event (everything after
the envelope) behind a table of the places in it that a row is cut from.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

_SIZES = Struct("<IIII")
_SECTIONS = _SIZES.size
_HEAD = Struct("<?qq")  # whether places have four bytes, seq, ordered_at
_PLACES = 10
_NARROW, _WIDE = Struct(f"<{_PLACES}H"), Struct(f"<{_PLACES}I")
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
    """Raw Avro bytes of the account; likewise the ids below, with their branch number."""
    location_id: bytes
    territory_id: bytes
    employee_id: bytes
    head: bytes
    """The order's fields, as the row begins with them."""
    lines: list[tuple[bytes, bytes, bytes]]
    """Of each line its raw number, the raw id of its product, and all of its fields."""

    @property
    def day(self) -> int:
        """Days from 1970 to ``ordered_at``, in UTC."""
        return self.ordered_at // _DAY_US


def pack_revision(
    seq: int, moment: int, places: Sequence[int], head_end: int, marks: list[int], contents: bytes
) -> bytes:
    """A revision as a section. All places count from the start of ``contents``.

    ``places``: start and end of account, location_id, territory_id and employee_id; ``head_end``: where the
    array of lines begins; ``marks``: of each line where its number, its product and the rest begin, and the
    end of the last.
    """
    wide = len(contents) >= _NARROW_LIMIT
    table = (_WIDE if wide else _NARROW).pack(*places, head_end, len(marks))
    letter = "I" if wide else "H"
    return b"".join(
        (_HEAD.pack(wide, seq, moment), table, Struct(f"<{len(marks)}{letter}").pack(*marks), contents)
    )


def unpack_revision(section: bytes) -> Revision:
    """Take a revision apart."""
    wide, seq, moment = _HEAD.unpack_from(section)
    table = _WIDE if wide else _NARROW
    (
        account,
        account_end,
        location,
        location_end,
        territory,
        territory_end,
        employee,
        employee_end,
        head_end,
        count,
    ) = table.unpack_from(section, _HEAD.size)
    start = _HEAD.size + table.size
    marks = _marks(wide, count)
    contents = section[start + marks.size :]
    places = marks.unpack_from(section, start)
    return Revision(
        seq,
        moment,
        contents[account:account_end],
        contents[location:location_end],
        contents[territory:territory_end],
        contents[employee:employee_end],
        contents[:head_end],
        [
            (contents[number:product], contents[product:rest], contents[number:end])
            for number, product, rest, end in zip(
                places[0:-1:3], places[1::3], places[2::3], places[3::3], strict=True
            )
        ],
    )


def revision_seq(section: bytes) -> int:
    """The ``seq`` of a revision."""
    seq: int = _HEAD.unpack_from(section)[1]
    return seq


def revision_contents(section: bytes) -> bytes:
    """The contents of a revision's event, as they came."""
    wide = section[0]
    table = _WIDE if wide else _NARROW
    count = table.unpack_from(section, _HEAD.size)[-1]
    return section[_HEAD.size + table.size + _marks(bool(wide), count).size :]


_MARKS: dict[tuple[bool, int], Struct] = {}


def _marks(wide: bool, count: int) -> Struct:
    known = _MARKS.get((wide, count))
    if known is None:
        known = _MARKS[wide, count] = Struct(f"<{count}{'I' if wide else 'H'}")
    return known
