"""An order line in a few bytes: what customer-360 needs of a wide row of orders-enriched (rule 14).

    entry = version (32 bytes) ++ flags ++ ordered_at (8 bytes) ++ size ++ quantities ++ facets

Quantities are one number with a lane each (:data:`QUANTITIES`), facets the Avro bytes of product id,
category, location id and employee id. The entry is both the state and the value in the changelog.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from schemas.varint import raw
from schemas.wire import UndecodableError
from streams.customer_360.lanes import Lanes
from streams.customer_360.numbers import converted, long_of, money_of
from streams.customer_360.picking import Picked

FIELDS = (
    "order_id",
    "account",
    "ordered_at",
    "channel",
    "location_id",
    "employee_id",
    "fx_rate",
    "line_number",
    "product_id",
    "quantity",
    "gross_amount",
    "net_amount",
    "product_category",
    "product_unit_cost",
    "order_status",
    "returned_quantity",
    "returned_amount",
    "version",
    "is_deleted",
)
"""What is picked of a row."""

LIVE, CANCELLED, ONLINE = 1, 2, 4
"""Flags of an entry."""

_QUANTITIES = {"units": 48, "net": 88, "gross": 88, "cost": 88, "returned_units": 48, "returned_amount": 88}
QUANTITIES = Lanes(**_QUANTITIES)
TOTALS = Lanes(
    **_QUANTITIES,
    lines=40,
    orders=40,
    cancelled_orders=40,
    online_orders=40,
    transactions=40,
    transaction_amount=88,
    registers=96,
    clocks=64,
    seqs=80,
)
"""What an account adds up: quantities, counts, and how much it knows."""
SHARES = Lanes(units=48, net=88, lines=40, structure=96, clocks=64, seqs=80)
"""What one facet of an account adds up. It knows nothing of payments or returns, which do not change it."""

MOST_MICROS = 1 << 58
"""Moments are nearer to 1970 than this, some nine thousand years."""

_HEAD = Struct("<4QBqB")
_HEAD_SIZE = _HEAD.size
ATTRIBUTES = slice(32, 41)
"""Where flags and time of an entry are: all that an order takes from its first line."""

_SHARE_BITS = 48 + 88
_SHARE_MASK, _SHARE_SIGN = (1 << _SHARE_BITS) - 1, 1 << (_SHARE_BITS - 1)
_LINES, _REGISTERS = TOTALS.shift["lines"], TOTALS.shift["registers"]
_CLOCKS, _SEQS = TOTALS.shift["clocks"], TOTALS.shift["seqs"]
_NET, _GROSS, _COST = QUANTITIES.shift["net"], QUANTITIES.shift["gross"], QUANTITIES.shift["cost"]
_RETURNED, _REFUNDED = QUANTITIES.shift["returned_units"], QUANTITIES.shift["returned_amount"]
_SHARE_LINES, _SHARE_STRUCTURE = SHARES.shift["lines"], SHARES.shift["structure"]
_SHARE_CLOCKS, _SHARE_SEQS = SHARES.shift["clocks"], SHARES.shift["seqs"]
_ONLINE, _CANCELLED = b"\x0cOnline", b"\x02\x12Cancelled"
_NONE = b"\x00\x00"  # a decimal of one byte, 0


class Line(NamedTuple):
    """An entry taken apart: what it adds to its account, to its facets, and to facets that it has left."""

    version: int
    flags: int
    ordered_at: int
    total: int
    share: int
    known: int
    facets: bytes


def entry_of(picked: Picked) -> bytes | None:
    """The entry of a row; None for one that only clears an old sort key of the table (rule 10)."""
    (
        _,
        _,
        ordered,
        channel,
        location,
        employee,
        rate,
        _,
        product,
        quantity,
        gross,
        net,
        category,
        cost,
        status,
    ) = picked[:15]
    returned, refunded, version, deleted = picked[15:]
    if not any(version[16:24]):
        return None
    ordered_at = long_of(ordered)
    if not -MOST_MICROS < ordered_at < MOST_MICROS:
        raise UndecodableError("ordered_at is not within the calendar")
    flags = quantities = 0
    if deleted == b"\x00":
        flags = LIVE
        units = long_of(quantity)
        quantities = units + (converted(net, rate) << _NET) + (converted(gross, rate) << _GROSS)
        if cost != b"\x00":
            quantities += units * money_of(cost[1:]) << _COST
        if refunded != _NONE or returned != b"\x00":
            quantities += (long_of(returned) << _RETURNED) + (money_of(refunded) << _REFUNDED)
        if channel == _ONLINE:
            flags |= ONLINE
        if status == _CANCELLED:
            flags |= CANCELLED
    size = (quantities.bit_length() + 8) >> 3
    packed = quantities.to_bytes(size, "little", signed=True)
    head = _HEAD.pack(0, 0, 0, 0, flags, ordered_at, size)[32:]
    return b"".join((version, head, packed, product, category, location, employee))


def line_of(entry: bytes) -> Line:
    """Take an entry apart."""
    seqs, clocks, registers, structure, flags, ordered_at, size = _HEAD.unpack_from(entry)
    end = _HEAD_SIZE + size
    quantities = int.from_bytes(entry[_HEAD_SIZE:end], "little", signed=True)
    share = quantities & _SHARE_MASK
    if share & _SHARE_SIGN:
        share -= _SHARE_MASK + 1
    live = flags & LIVE
    known = (structure << _SHARE_STRUCTURE) + (clocks << _SHARE_CLOCKS) + (seqs << _SHARE_SEQS)
    return Line(
        int.from_bytes(entry[:32], "little"),
        flags,
        ordered_at,
        # rule 20: 4 x (structure + registers)
        quantities
        + (live << _LINES)
        + (structure + registers << _REGISTERS + 2)
        + (clocks << _CLOCKS)
        + (seqs << _SEQS),
        share + (live << _SHARE_LINES) + known,
        known,
        entry[end:],
    )


def facets_of(facets: bytes) -> list[bytes]:
    """The facets of an entry, each one letter (p, c, l, e) and the Avro bytes of its id; nulls left out."""
    end = text_end(facets, 0)
    found = [b"p" + facets[:end]]
    for letter in (b"c", b"l", b"e"):
        start = end + 1
        end = start
        if facets[start - 1]:
            end = text_end(facets, start)
            found.append(letter + facets[start:end])
    return found


def text_end(value: bytes, start: int) -> int:
    """Where the Avro string that begins at ``start`` ends."""
    length = value[start]
    if length < 128:
        return start + 1 + (length >> 1)
    length, start = raw(value, start)
    return start + (length >> 1)
