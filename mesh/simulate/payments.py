"""How orders are paid: pending, then completed, and refunded where the order came to nothing."""

from __future__ import annotations

import numpy as np
import polars as pl

from mesh.simulate.chance import Flags, Numbers, between, draw
from mesh.simulate.clock import Clock
from mesh.simulate.description import Description
from mesh.simulate.orders import Orders

ON_DELIVERY = "COD"
NEVER = np.iinfo(np.int64).max
MINUTE = 1 / (24 * 60)
"""Of a day."""
PENDING, COMPLETED, REFUNDED = range(3)
STATUSES = pl.Series(["pending", "completed", "refunded"])
TYPES = pl.Series(["Sale", "Sale", "Refund"])
"""What a payment is at each status. A refund is a revision of its payment and none of its own, since every
payment counts as revenue, whatever its type."""


def payments(
    about: Description, clock: Clock, placed: Orders, delivered: Numbers, undone: Numbers,
    numbers: np.random.Generator,
) -> pl.DataFrame:  # fmt: skip
    """PaymentRecorded, a revision a status.

    ``delivered`` is when each order came, ``undone`` when it was cancelled or had come back whole;
    :data:`NEVER` where it did not. At a till a payment is completed at once.
    """
    count = placed.count
    methods = list(about.payments)
    online = draw(numbers, (shares[0] for shares in about.payments.values()), count)
    in_store = draw(numbers, (shares[1] for shares in about.payments.values()), count)
    method = np.where(placed.online, online, in_store)
    on_delivery = placed.online & np.array([name == ON_DELIVERY for name in methods])[method]
    paid = placed.times + clock.span(np.where(placed.online, between(numbers, 0, 2 * MINUTE, count), 0))
    settled = paid + clock.span(np.where(placed.online, between(numbers, MINUTE, 240 * MINUTE, count), 0))
    settled = np.where(on_delivery, delivered, settled)
    refunded = np.where(undone == NEVER, NEVER, undone + clock.span(between(numbers, 0.05, 2, count)))
    # What is cancelled before it was paid is never completed; a refund that nobody waited for comes after.
    settled = np.where((undone < settled) & on_delivery, NEVER, settled)
    refunded = np.where(refunded <= settled, np.where(settled == NEVER, refunded, settled + 1000), refunded)
    # One row a status; the number of an order's earlier ones is its revision.
    statuses: list[tuple[int, Numbers, Flags]] = [
        (PENDING, paid, placed.online),
        (COMPLETED, settled, settled != NEVER),
        (REFUNDED, refunded, refunded != NEVER),
    ]
    frames = []
    seq = np.zeros(count, np.int64)
    for status, at, happens in statuses:
        rows = np.flatnonzero(happens)
        frames.append(
            pl.DataFrame(
                {"_order": rows, "status": np.full(len(rows), status), "at": at[rows], "seq": seq[rows]}
            )
        )
        seq = seq + happens
    rows_of = pl.concat(frames)
    order = rows_of["_order"].to_numpy()
    return pl.DataFrame(
        {
            "transaction_id": placed.ids.gather(order) + ":p",
            "order_id": placed.ids.gather(order),
            "account": placed.accounts.gather(order),
            "seq": rows_of["seq"],
            "occurred_at": rows_of["at"],
            "transaction_at": paid[order],
            "transaction_type": TYPES.gather(rows_of["status"]),
            "payment_method": pl.Series(methods).gather(method[order]),
            "transaction_status": STATUSES.gather(rows_of["status"]),
            "amount": placed.totals[order],
            "currency": placed.currencies.gather(order),
            "fx_rate": placed.rates[order],
        }
    )
