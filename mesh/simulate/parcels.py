"""How orders reach their buyers: placed, shipped, delivered, or cancelled before they left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from mesh.simulate.chance import Flags, Numbers, between
from mesh.simulate.clock import Clock
from mesh.simulate.orders import Orders
from mesh.simulate.payments import MINUTE, NEVER
from mesh.simulate.world import World

CANCELLED = 0.035
"""Share of the online orders that are cancelled."""
STATUSES = pl.Series(["Placed", "Shipped", "Delivered", "Cancelled"])
PLACED, SHIPPED, DELIVERED, CALLED_OFF = range(4)


@dataclass(frozen=True)
class Parcels:
    """When each order came or was cancelled, :data:`NEVER` where it did not, and the events that say so."""

    delivered: Numbers
    cancelled: Numbers
    updated: pl.DataFrame
    """FulfilmentUpdated, a revision a status. What is bought in a store is carried home."""


def parcels(world: World, clock: Clock, orders: Orders, numbers: np.random.Generator) -> Parcels:
    """The parcel of each order."""
    count = orders.count
    carriers = list(world.about.carriers.values())
    placed = orders.times + clock.span(between(numbers, MINUTE, 20 * MINUTE, count))
    packing = between(numbers, 0.2, 1.9, count)
    shipped = placed + clock.span(packing)
    days = np.array([carrier.days for carrier in carriers], dtype=np.float64)[orders.carriers]
    late = numbers.random(count) < np.array([carrier.late for carrier in carriers])[orders.carriers]
    road = between(numbers, days[:, 0] - 0.5, days[:, 1], count) + np.where(
        late, numbers.exponential(2.5, count) + 2, 0
    )
    arrived = shipped + clock.span(road)
    called_off = orders.online & (numbers.random(count) < CANCELLED)
    cancelled = np.where(called_off, placed + clock.span(packing * numbers.random(count)), NEVER)
    delivered = np.where(called_off, NEVER, np.where(orders.online, arrived, orders.times))
    shipped = np.where(called_off, NEVER, shipped)
    tracking = numbers.integers(10**11, 10**12, count)
    centres = world.places.nearest_centre[world.people.cities[orders.customers]]
    frames = [
        _rows(orders.online, PLACED, 0, placed),
        _rows(orders.online & ~called_off, SHIPPED, 1, shipped),
        _rows(orders.online & ~called_off, DELIVERED, 2, delivered),
        _rows(~orders.online, DELIVERED, 0, delivered),
        _rows(called_off, CALLED_OFF, 1, cancelled),
    ]
    rows = pl.concat(frames)
    order, status = rows["_order"].to_numpy(), rows["status"].to_numpy()
    by_parcel = pl.Series(orders.online[order])
    left = pl.Series(orders.online[order] & ((status == SHIPPED) | (status == DELIVERED)))
    names = pl.Series(list(world.about.carriers)).gather(orders.carriers)
    updated = pl.DataFrame(
        {
            "fulfilment_id": orders.ids.gather(order) + ":f",
            "order_id": orders.ids.gather(order),
            "account": orders.accounts.gather(order),
            "seq": rows["seq"],
            "occurred_at": rows["at"],
            "updated_at": rows["at"],
            "order_status": STATUSES.gather(status),
            "shipping_method": names.gather(order),
            "tracking_number": pl.Series(tracking[order]).cast(pl.String),
            "ships_from_id": world.places.centres.gather(centres[order]),
            "shipped_at": shipped[order],
            "delivered_at": delivered[order],
        }
    ).with_columns(
        pl.when(by_parcel).then("shipping_method"),
        pl.when(left).then(pl.col("tracking_number", "shipped_at")),
        ships_from_id=pl.when(by_parcel).then("ships_from_id"),
        delivered_at=pl.when(pl.Series(status == DELIVERED)).then("delivered_at"),
    )
    return Parcels(delivered, cancelled, updated)


def _rows(happens: Flags, status: int, seq: int, at: Numbers) -> pl.DataFrame:
    rows = np.flatnonzero(happens)
    return pl.DataFrame(
        {"_order": rows, "status": np.full(len(rows), status), "at": at[rows], "seq": np.full(len(rows), seq)}
    )
