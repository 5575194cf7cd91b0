"""The generated orders: any one of them and any of its lines from its number alone, the same in every run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from benchmarks.dimensions import CUSTOMERS, EMPLOYEES, PRODUCTS, STORES, Dimension, decimal
from schemas.wire import partition
from streams.engine.avro.varint import encode_long

FIRST_ORDER = 70_000_000_000_000_000
BEGUN = 1_767_225_600_000_000
"""The moment of the first order in microseconds; each is a millisecond after the one before."""
SPACING = 1_000
SIZES = (1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8)
"""Lines of an order: each of these equally often, four on average."""
CHANNELS = ("web-desktop-checkout", "store-till-lane-one", "mobile-app-checkout")
_MASK = (1 << 64) - 1
_DECIMAL_SIZE = encode_long(8)
_PRICES, _DISCOUNTS, _QUANTITIES = 1_000_000, 10_000, 8
_PAIRS = tuple(bytes((pair & 127 | 128, pair >> 7 | 128)) for pair in range(1 << 14))
"""Fourteen bits of a number that goes on after them."""
_SMALL = tuple(encode_long(number) for number in range(64))


class Order(NamedTuple):
    """An order by number, with its random draws: rows of the dimensions by number, and its lines' count."""

    number: int
    chance: int
    customer: int
    store: int
    employee: int
    channel: int
    size: int


class Head(NamedTuple):
    """The Avro bytes of an order's fields that all its lines share."""

    order: bytes
    customer: bytes
    store: bytes
    employee: bytes
    moment: bytes
    channel: bytes


class Encoded(NamedTuple):
    """What the dimensions and channels look like inside an order: Avro bytes, keys, and partitions by row."""

    customers: tuple[bytes, ...]
    products: tuple[bytes, ...]
    stores: tuple[bytes, ...]
    employees: tuple[bytes, ...]
    channels: tuple[bytes, ...]
    keys: tuple[bytes, ...]
    partitions: tuple[int, ...]


@cache
def encoded() -> Encoded:
    """The parts of which every order is put together; made once."""
    keys = tuple(b"%d" % CUSTOMERS.id(number) for number in range(CUSTOMERS.count))
    return Encoded(
        customers=_ids(CUSTOMERS),
        products=_ids(PRODUCTS),
        stores=_ids(STORES),
        employees=_ids(EMPLOYEES),
        channels=tuple(encode_long(len(name)) + name.encode() for name in CHANNELS),
        keys=keys,
        partitions=tuple(partition(key, CUSTOMERS.partitions) for key in keys),
    )


def order(number: int) -> Order:
    """The order of that number, counted from 0."""
    chance = _mixed(number)
    return Order(
        number,
        chance,
        chance % CUSTOMERS.count,
        (chance >> 16) % STORES.count,
        (chance >> 28) % EMPLOYEES.count,
        (chance >> 40) % len(CHANNELS),
        SIZES[chance >> 44 & 15],
    )


def orders(rows: int) -> Iterator[Order]:
    """Orders with ``rows`` lines together; the last one is cut off where they are full."""
    number, left = 0, rows
    while left > 0:
        one = order(number)
        if one.size > left:
            one = one._replace(size=left)
        yield one
        left -= one.size
        number += 1


def item(one: Order, line: int) -> tuple[int, bytes]:
    """Line ``line`` of an order, from 1: its product by number, and its quantity, price and discount."""
    draw = _mixed(one.chance + line & _MASK)
    price, discount = (draw >> 20) % _PRICES, (draw >> 41) % _DISCOUNTS
    amounts = (_SMALL[1 + (draw >> 12) % _QUANTITIES], decimal(price), decimal(discount))
    return draw % PRODUCTS.count, _DECIMAL_SIZE.join(amounts)


def head(one: Order, moment: int) -> Head:
    """The shared fields of an order placed at ``moment`` (microseconds)."""
    parts = encoded()
    return Head(
        large(FIRST_ORDER + one.number),
        parts.customers[one.customer],
        parts.stores[one.store],
        parts.employees[one.employee],
        large(moment),
        parts.channels[one.channel],
    )


def moment(one: Order) -> int:
    """When an order was placed, in microseconds."""
    return BEGUN + one.number * SPACING


def small(number: int) -> bytes:
    """The Avro bytes of a number below 64."""
    return _SMALL[number]


def large(number: int) -> bytes:
    """The Avro bytes of a number from 2**27 up; quick for numbers that rise."""
    doubled = number << 1
    return _PAIRS[doubled & 0x3FFF] + _PAIRS[doubled >> 14 & 0x3FFF] + _rest(doubled >> 28)


@lru_cache(maxsize=1 << 12)
def _rest(doubled: int) -> bytes:
    """Seven bits a byte: the Avro bytes of the number whose zigzag is ``doubled``."""
    return encode_long(doubled >> 1 if not doubled & 1 else -(doubled >> 1) - 1)


def _ids(dimension: Dimension) -> tuple[bytes, ...]:
    return tuple(encode_long(dimension.id(number)) for number in range(dimension.count))


def _mixed(number: int) -> int:
    """64 bits that look random (splitmix64)."""
    mixed = (number + 1) * 0x9E3779B97F4A7C15 & _MASK
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
    return mixed ^ mixed >> 31
