"""The facts of the shape ``full``: orders with their lines, and what becomes of them, spread over time.

Each order has one payment, one shipment whose status changes once (two fulfilments), and one in ten a return
of a line. They come some thousand orders after their order, so that a join must keep it and write its rows
again. All follows from a seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.full_dimensions import CUSTOMERS, EMPLOYEES, PRODUCTS, STORES, TERRITORIES, ids
from domains.sales.events import FulfilmentUpdated, OrderPlaced, PaymentRecorded, ReturnRecorded
from mesh.ingest.rules import PARENT
from mesh.kernel.event import Event

KINDS = (OrderPlaced, PaymentRecorded, FulfilmentUpdated, ReturnRecorded)
STEP = 5_000
"""Orders after which the publisher turns from one kind of fact to the next."""
FIRST = 1_767_225_600_000_000
"""When the first order is placed, 2026-01-01; a second passes between orders."""
_SECOND, _HOUR = 1_000_000, 3_600_000_000
_MORE_LINES, _SHARE = 7, 3 / 7  # 1 + Binomial(7, 3/7): from 1 to 8 lines, 4 on average
_ONLINE = 0.2
RETURNED = 0.1
"""The share of orders of which a line comes back."""
_RATE_ONE = 10**8
_PAID_AFTER, _SHIPPED_AFTER, _DELIVERED_AFTER, _RETURNED_AFTER = (
    (500, 4_000),
    (2_000, 8_000),
    (8_001, 16_000),
    (16_001, 24_000),
)
"""How many orders later each fact is published: at least, and less than."""

Numbers = NDArray[np.int64]


class Facts(NamedTuple):
    """Some facts of one kind in the order in which they are published, as wire forms.

    ``moments`` tells when, in milliseconds. Of the envelope, ``seq`` and ``occurred_at`` are there. ``lines``
    are the lines of orders, each with the place of its order as ``_parent``.
    """

    event: type[Event]
    moments: Numbers
    rows: pl.DataFrame
    lines: pl.DataFrame | None = None


class Due(NamedTuple):
    """Orders by when a fact of theirs is published; ``times`` counts orders placed until then."""

    times: Numbers
    orders: Numbers

    def between(self, start: int, end: int) -> Due:
        """Those whose fact is published from ``start`` on and before ``end``."""
        first, last = np.searchsorted(self.times, (start, end))
        return Due(self.times[first:last], self.orders[first:last])

    @property
    def moments(self) -> Numbers:
        """When, in milliseconds."""
        return (FIRST + self.times * _SECOND) // 1_000


class Trade:
    """Orders of ``customers`` customers with ``lines`` lines together, and all of their facts."""

    def __init__(self, lines: int, seed: int, customers: int = CUSTOMERS, returned: float = RETURNED) -> None:
        rng = np.random.default_rng(seed)
        self.lines = lines
        self._counts = _counts(rng, lines)
        self._starts = np.cumsum(self._counts) - self._counts
        self.orders = orders = len(self._counts)
        self._account = rng.integers(0, customers, orders)
        self._online = rng.random(orders) < _ONLINE
        self._store = rng.integers(0, STORES, orders)
        self._employee = rng.integers(0, EMPLOYEES, orders)
        self._territory = STORES + rng.integers(0, TERRITORIES, orders)
        self._product = rng.integers(0, PRODUCTS, self.lines)
        self._quantity = rng.integers(1, 9, self.lines)
        self._price = rng.integers(10_000, 1_000_000, self.lines)
        self._discount = rng.integers(0, 10_000, self.lines)
        self._total = np.add.reduceat(self._net(slice(None)), self._starts)
        everyone = np.arange(orders)
        self._placed = Due(everyone, everyone)
        self._paid = _due(rng, everyone, _PAID_AFTER)
        self._shipped = _due(rng, everyone, _SHIPPED_AFTER)
        self._delivered = _due(rng, everyone, _DELIVERED_AFTER)
        self._returned = _due(rng, np.flatnonzero(rng.random(orders) < returned), _RETURNED_AFTER)

    @property
    def line_counts(self) -> Numbers:
        """How many lines each order has."""
        return self._counts

    def facts(self) -> Iterator[Facts]:
        """Every fact, in parcels: one of each kind for every STEP orders."""
        for start in range(0, self.orders + _RETURNED_AFTER[1], STEP):
            end = start + STEP
            yield self._orders(self._placed.between(start, end))
            yield self._payments(self._paid.between(start, end))
            yield self._fulfilments(self._shipped.between(start, end), delivered=False)
            yield self._fulfilments(self._delivered.between(start, end), delivered=True)
            yield self._returns(self._returned.between(start, end))

    def _orders(self, due: Due) -> Facts:
        orders = due.orders
        total = self._total[orders]
        tax, shipping = total // 5, 49_900
        online = pl.Series(self._online[orders])
        rows = self._of_orders(orders).with_columns(
            seq=pl.lit(0),
            occurred_at=_placed_at(orders),
            ordered_at=_placed_at(orders),
            channel=pl.when(online).then(pl.lit("Online")).otherwise(pl.lit("In-Store")),
            location_id=pl.when(~online).then(ids(pl.Series(self._store[orders]))),
            territory_id=ids(pl.Series(self._territory[orders])),
            employee_id=pl.when(~online).then(ids(pl.Series(self._employee[orders]))),
            currency=pl.lit("USD"),
            fx_rate=pl.lit(_RATE_ONE),
            promised_at=_placed_at(orders) + 72 * _HOUR,
            requested_shipping_method=pl.lit("CARGO TRANSPORT 5"),
            subtotal_amount=pl.Series(total),
            tax_amount=pl.Series(tax),
            shipping_amount=pl.lit(shipping),
            total_amount=pl.Series(total + tax + shipping),
            shipping_address=pl.format("{} Long Street, Some City", pl.Series(self._account[orders])),
        )
        counts = self._counts[orders]
        firsts = np.cumsum(counts) - counts
        numbers = np.arange(int(counts.sum())) - np.repeat(firsts, counts)
        places = np.repeat(self._starts[orders], counts) + numbers
        gross = self._quantity[places] * self._price[places]
        lines = pl.DataFrame(
            {
                PARENT: np.repeat(np.arange(len(orders)), counts),
                "line_number": 1 + numbers,
                "product_id": ids(pl.Series(self._product[places])),
                "quantity": self._quantity[places],
                "unit_price": self._price[places],
                "gross_amount": gross,
                "discount_amount": self._discount[places],
                "net_amount": self._net(places),
                "promotion_id": pl.Series([None], dtype=pl.String).new_from_index(0, len(places)),
            }
        )
        return Facts(OrderPlaced, due.moments, rows, lines)

    def _payments(self, due: Due) -> Facts:
        orders = due.orders
        total = self._total[orders]
        rows = self._of_orders(orders).with_columns(
            seq=pl.lit(0),
            occurred_at=_placed_at(orders) + _HOUR,
            transaction_id=pl.format("bench:p{}", pl.Series(orders)),
            transaction_at=_placed_at(orders) + _HOUR,
            transaction_type=pl.lit("Sale"),
            payment_method=pl.lit("Credit Card"),
            transaction_status=pl.lit("completed"),
            amount=pl.Series(total + total // 5 + 49_900),
            currency=pl.lit("USD"),
            fx_rate=pl.lit(_RATE_ONE),
        )
        return Facts(PaymentRecorded, due.moments, rows)

    def _fulfilments(self, due: Due, *, delivered: bool) -> Facts:
        orders = due.orders
        shipped_at = _placed_at(orders) + 2 * _HOUR
        updated_at = shipped_at + 4 * _HOUR if delivered else shipped_at
        rows = self._of_orders(orders).with_columns(
            seq=pl.lit(int(delivered)),
            occurred_at=updated_at,
            fulfilment_id=pl.format("bench:f{}", pl.Series(orders)),
            updated_at=updated_at,
            order_status=pl.lit("Delivered" if delivered else "Shipped"),
            shipping_method=pl.lit("CARGO TRANSPORT 5"),
            tracking_number=pl.format("TRACK{}", pl.Series(orders)),
            ships_from_id=ids(pl.Series(self._store[orders])),
            shipped_at=shipped_at,
            **({"delivered_at": updated_at} if delivered else {}),
        )
        return Facts(FulfilmentUpdated, due.moments, rows)

    def _returns(self, due: Due) -> Facts:
        orders = due.orders
        first = self._starts[orders]
        rows = self._of_orders(orders).with_columns(
            seq=pl.lit(0),
            occurred_at=_placed_at(orders) + 7 * _HOUR,
            return_id=pl.format("bench:r{}", pl.Series(orders)),
            line_number=pl.lit(1),
            quantity=pl.Series(self._quantity[first]),
            amount=pl.Series(self._net(first)),
            currency=pl.lit("USD"),
            fx_rate=pl.lit(_RATE_ONE),
            returned_at=_placed_at(orders) + 7 * _HOUR,
            reason=pl.lit("Does not fit"),
        )
        return Facts(ReturnRecorded, due.moments, rows)

    def _of_orders(self, orders: Numbers) -> pl.DataFrame:
        return pl.DataFrame(
            {"order_id": ids(pl.Series(orders)), "account": ids(pl.Series(self._account[orders]))}
        )

    def _net(self, places: Numbers | slice) -> Numbers:
        net: Numbers = self._quantity[places] * self._price[places] - self._discount[places]
        return net


def _counts(rng: np.random.Generator, lines: int) -> Numbers:
    """How many lines each order has: from 1 to 8, 4 on average, ``lines`` together."""
    counts = 1 + rng.binomial(_MORE_LINES, _SHARE, lines)
    ends = np.cumsum(counts)
    last = int(np.searchsorted(ends, lines))
    counts[last] -= ends[last] - lines
    return counts[: last + 1]


def _due(rng: np.random.Generator, orders: Numbers, after: tuple[int, int]) -> Due:
    times = orders + rng.integers(*after, len(orders))
    ranks = np.argsort(times, kind="stable")
    return Due(times[ranks], orders[ranks])


def _placed_at(orders: Numbers) -> pl.Series:
    return pl.Series(FIRST + orders * _SECOND)
