"""A made-up retailer's trade as segments read it, with the kinds of customers that it was made of."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from analytics.segments.features import NAMES, Features
from analytics.segments.mix import Counts
from analytics.segments.trade import Trade
from mesh.kernel.discovery import root
from mesh.simulate.chance import chance
from mesh.simulate.clock import DAY, Clock, micros
from mesh.simulate.description import read_description
from mesh.simulate.orders import orders
from mesh.simulate.parcels import parcels
from mesh.simulate.returns import returns
from mesh.simulate.run import horizon
from mesh.simulate.world import build

SINCE = date(2024, 7, 1)
"""A Monday."""


def planted(customers: int, days: int, seed: int = 1) -> tuple[Trade, Counts]:
    """StrideRight's trade of some days since :data:`SINCE`, and the kind of each customer.

    As it is read of a mesh, but for cancellations, guests, and two accounts of one person.
    """
    about = read_description(root() / "data" / "strideright")
    since, until = micros(SINCE), micros(SINCE) + days * DAY
    world = build(about, seed, customers, since, until, horizon(until))
    clock = Clock(since)
    placed = orders(world, clock, range(days), "x")
    numbers = chance(seed, "after x", 0)
    back = returns(world, clock, placed, parcels(world, clock, placed, numbers).delivered, numbers).recorded
    of = placed.line_orders
    lines = pl.DataFrame(
        {
            "who": placed.customers[of],
            "kind": world.goods.kinds[placed.models],
            "ordered": placed.times[of] // DAY,
            "order_id": placed.ids.gather(of),
            "line_number": placed.line_numbers,
            "online": placed.online[of].astype(np.int64),
            "units": placed.quantities,
            "net": (placed.nets * placed.rates[of]) // 10**8,
            "price": (placed.nets * placed.rates[of]) // 10**8 // placed.quantities,
        }
    )
    first = pl.col("order_id").is_first_distinct().cast(pl.Int64)
    bought = lines.select(
        "who",
        "kind",
        "ordered",
        known="ordered",
        orders=first,
        online=first * pl.col("online"),
        units="units",
        bought="units",
        net="net",
        returned=pl.lit(0, pl.Int64),
    )
    nothing = {name: pl.lit(0, pl.Int64) for name in ("orders", "online", "units", "bought")}
    came = back.join(lines, on=["order_id", "line_number"]).select(
        "who",
        "kind",
        "ordered",
        known=pl.col("occurred_at") // DAY,
        **nothing,
        net=-pl.col("price") * pl.col("quantity"),
        returned="quantity",
    )
    rows = pl.concat([bought, came], how="vertical_relaxed")
    columns = [column.cast(pl.Int64).to_numpy() for column in rows]
    who = tuple(f"c{number:05}" for number in range(len(world.people.segments)))
    return Trade(who, tuple(about.subcategories), *columns), world.people.segments


def without_mix(features: Features) -> Features:
    """The same customers, of whom nobody says what they buy."""
    return Features(features.week, features.customers, features.values[:, : len(NAMES)], NAMES)
