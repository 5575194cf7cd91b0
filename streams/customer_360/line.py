"""An order line in a few bytes: what customer-360 needs of a wide row of orders-enriched (rule 14).

    entry = version (32 bytes) ++ flags ++ ordered_at (8 bytes) ++ size ++ quantities ++ facets

Quantities are one number with a lane each, the first ones of :data:`TOTALS`; facets are the Avro bytes of
product id, category, location id and employee id. The entry is both the state and the value in the changelog.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from schemas.wire import UndecodableError
from streams.customer_360.facets import CATEGORY, EMPLOYEE, LOCATION, PRODUCT
from streams.customer_360.knowledge import CLOCK, REGISTER
from streams.customer_360.lanes import Lanes
from streams.customer_360.numbers import ABSENT, converted, long_of, money_of, text_end
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

TOTALS = Lanes(
    units=80,
    net=96,
    gross=96,
    cost=96,
    returned_units=80,
    returned_amount=96,
    lines=40,
    orders=40,
    cancelled_orders=40,
    online_orders=40,
    transactions=40,
    transaction_amount=96,
)
"""What an account adds up; the rest is its version."""
SHARES = Lanes(units=80, net=96, lines=40)
"""What one facet of an account adds up; the rest is the version of that register.

It knows nothing of payments and returns, which do not change it: so an account's facets need not be written
again with every one of them.
"""

_HEAD = Struct("<BqB")
_PARTS = Struct("<4Q")
_REGISTERS, _NO_REGISTERS = slice(16, 24), bytes(8)
VERSION_SIZE = _PARTS.size
"""Where what is not the version begins in an entry."""
_QUANTITIES = VERSION_SIZE + _HEAD.size
"""Where the quantities begin."""
ATTRIBUTES = slice(VERSION_SIZE, _QUANTITIES - 1)
"""Where flags and time of an entry are: all that an order takes from its first line."""

_MOST_MICROS = 1 << 58
"""Moments are nearer to 1970 than this, some nine thousand years."""

_NET, _GROSS, _COST = TOTALS.shift["net"], TOTALS.shift["gross"], TOTALS.shift["cost"]
_RETURNED, _REFUNDED = TOTALS.shift["returned_units"], TOTALS.shift["returned_amount"]
_LINES, _VERSION = TOTALS.shift["lines"], TOTALS.shift["rest"]
_SHARE_LINES, _SHARE_VERSION = SHARES.shift["lines"], SHARES.shift["rest"]
_SHARE_MASK, _SHARE_SIGN = (1 << _SHARE_LINES) - 1, 1 << (_SHARE_LINES - 1)
_ONLINE, _CANCELLED = b"\x0cOnline", b"\x02\x12Cancelled"
_ZERO, _NO_MONEY, _FALSE = b"\x00", b"\x02\x00", b"\x00"


Counts = tuple[int, int, int]
"""What a line adds to its account, to its facets, and to facets that it has left, in lanes."""


class Line(NamedTuple):
    """An entry with what is read of it; what it adds up to follows from these."""

    entry: bytes
    flags: int
    ordered_at: int
    quantities: int
    facets: bytes

    def counts(self) -> Counts:
        """What it adds to its account, to its facets, and to facets that it has left."""
        seqs, clocks, registers, structure = _PARTS.unpack_from(self.entry)
        share = self.quantities & _SHARE_MASK  # units and net
        if share & _SHARE_SIGN:
            share -= _SHARE_MASK + 1
        live = self.flags & LIVE
        choices = clocks * CLOCK + seqs
        known = structure * REGISTER + choices << _SHARE_VERSION
        version = 4 * (structure + registers) * REGISTER + choices
        return (
            self.quantities + (live << _LINES) + (version << _VERSION),
            share + (live << _SHARE_LINES) + known,
            known,
        )


def read_line(picked: Picked) -> Line | None:
    """The line of a row; None for a row that only clears an old sort key of the table (rule 10)."""
    _, _, ordered, channel, location, employee, rate, _, product, quantity, gross, net, *rest = picked
    category, cost, status, returned, refunded, version, deleted = rest
    if version[_REGISTERS] == _NO_REGISTERS:
        return None
    ordered_at = moment(ordered)
    flags = quantities = 0
    if deleted == _FALSE:
        flags = LIVE
        units = long_of(quantity)
        amount = converted(net, rate)
        quantities = units + (amount << _NET)
        quantities += (amount if gross == net else converted(gross, rate)) << _GROSS
        if cost != ABSENT:
            quantities += units * money_of(cost[1:]) << _COST
        if returned != _ZERO or refunded != _NO_MONEY:
            quantities += (long_of(returned) << _RETURNED) + (money_of(refunded) << _REFUNDED)
        if channel == _ONLINE:
            flags |= ONLINE
        if status == _CANCELLED:
            flags |= CANCELLED
    size = (quantities.bit_length() + 8) >> 3
    packed = quantities.to_bytes(size, "little", signed=True)
    facets = b"".join((product, category, location, employee))
    entry = b"".join((version, _HEAD.pack(flags, ordered_at, size), packed, facets))
    return Line(entry, flags, ordered_at, quantities, facets)


def line_of(entry: bytes) -> Line:
    """Take an entry apart."""
    flags, ordered_at, size = _HEAD.unpack_from(entry, VERSION_SIZE)
    end = _QUANTITIES + size
    quantities = int.from_bytes(entry[_QUANTITIES:end], "little", signed=True)
    return Line(entry, flags, ordered_at, quantities, entry[end:])


def knowledge_gained(new: bytes, old: bytes) -> tuple[int, int]:
    """What a newer version of an otherwise equal entry adds to the account, and to each of its facets."""
    seqs, clocks, registers, structure = _PARTS.unpack_from(new)
    old_seqs, old_clocks, old_registers, old_structure = _PARTS.unpack_from(old)
    registers, structure = registers - old_registers, structure - old_structure
    choices = (clocks - old_clocks) * CLOCK + seqs - old_seqs
    return (
        4 * (structure + registers) * REGISTER + choices << _VERSION,
        structure * REGISTER + choices << _SHARE_VERSION,
    )


@lru_cache(4096)  # the lines of an order have the same time
def moment(field: bytes) -> int:
    """A moment that the calendar knows, in microseconds. Raises :class:`UndecodableError` for any other."""
    micros = long_of(field)
    if not -_MOST_MICROS < micros < _MOST_MICROS:
        raise UndecodableError("a moment that is not within the calendar")
    return micros


@lru_cache(16384)  # lines of few products, places and people are many
def facets_of(facets: bytes) -> tuple[bytes, ...]:
    """The facets of an entry as the Avro bytes of their name and id; nulls left out."""
    end = text_end(facets, 0)
    found = [PRODUCT + facets[:end]]
    for name in (CATEGORY, LOCATION, EMPLOYEE):
        start = end = end + 1
        if facets[start - 1]:
            end = text_end(facets, start)
            found.append(name + facets[start:end])
    return tuple(found)
