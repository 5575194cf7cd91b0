"""What comes back: units of a line, more often from some kinds of customers and of some models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from mesh.simulate.chance import Numbers, between, draw
from mesh.simulate.clock import Clock
from mesh.simulate.orders import Orders
from mesh.simulate.payments import NEVER
from mesh.simulate.world import World

WHOLE = 0.85
"""How often all units of a line come back."""


@dataclass(frozen=True)
class Returns:
    """The events, and when nothing of an order was left; :data:`NEVER` where something was."""

    recorded: pl.DataFrame
    """ReturnRecorded."""
    undone: Numbers


def returns(
    world: World, clock: Clock, orders: Orders, delivered: Numbers, numbers: np.random.Generator
) -> Returns:
    """The returns of some orders; ``delivered`` is when each came."""
    kinds, reasons = list(world.about.segments.values()), world.about.return_reasons
    line_order, lines = orders.line_orders, len(orders.line_orders)
    habit = np.array([kind.returns for kind in kinds])[world.people.segments[orders.customers]]
    faulty = np.array([model.faulty for model in world.about.models])[orders.models]
    came = delivered[line_order] != NEVER
    back = came & (numbers.random(lines) < np.minimum(habit[line_order] * faulty, 0.9))
    rows = np.flatnonzero(back)
    order, count = line_order[rows], len(rows)
    bought = orders.quantities[rows]
    some = 1 + (numbers.random(count) * (bought - 1)).astype(np.int64)
    quantity = np.where(numbers.random(count) < WHOLE, bought, some)
    at = delivered[order] + clock.span(between(numbers, 2, 25, count))
    left = np.bincount(line_order, orders.quantities, orders.count) - np.bincount(
        order, quantity, orders.count
    )
    last = np.zeros(orders.count, np.int64)
    np.maximum.at(last, order, at)
    recorded = pl.DataFrame(
        {
            "return_id": orders.ids.gather(order)
            + ":r"
            + pl.Series(orders.line_numbers[rows]).cast(pl.String),
            "order_id": orders.ids.gather(order),
            "account": orders.accounts.gather(order),
            "seq": np.zeros(count, np.int64),
            "occurred_at": at,
            "line_number": orders.line_numbers[rows],
            "quantity": quantity,
            "amount": orders.nets[rows] * quantity // bought,
            "currency": orders.currencies.gather(order),
            "fx_rate": orders.rates[order],
            "returned_at": at,
            "reason": pl.Series(list(reasons)).gather(draw(numbers, reasons.values(), count)),
        }
    )
    return Returns(recorded, np.where((left == 0) & (last > 0), last, NEVER))
